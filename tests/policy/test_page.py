"""An administrator changes the policy in two steps, and sees what it will do before it is done."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.audit.events import Act
from app.policy import queries, words
from app.policy.actions import NothingChanges, PolicyMoved, decide
from app.policy.rules import Policy
from app.screening.instrument import Instrument
from tests.factories import Browser, Service, acts, cell, jpeg, make_user, rows, set_policy, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers


@pytest.fixture
def admin(service: Service) -> Browser:
    return service.signed_in("ada", Role.ADMIN)


def form(policy: Policy | None = None, *, based_on: int = 0, **decisions: Any) -> dict[str, str]:
    return {**words.typed(replace(policy or Policy(), **decisions)), "based_on": str(based_on)}


def confirmed(page: str) -> dict[str, str]:
    """The hidden fields of the form that puts a previewed policy into force."""
    only = page.split('action="/admin/policy">')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', only))


def shown(page: str) -> str:
    return " ".join(page.split())


def in_force(service: Service) -> Policy:
    with service.database.reading() as session:
        return queries.current(session)


def test_a_change_is_seen_first_and_made_when_it_is_confirmed(service: Service, admin: Browser) -> None:
    seen = admin.submit("/admin/policy/preview", form(reads_suspected=1, undo_seconds=30), at="/admin/policy")

    assert seen.status_code == 200
    assert "Reads of every suspected cell: <del>none</del> → <ins>one</ins>" in shown(seen.text)
    assert rows(service.database)["policies"] == 0

    done = admin.submit("/admin/policy", confirmed(seen.text))

    assert done.url.path == "/admin/policy"
    assert "Policy 1 is in force, decided by Ada" in shown(done.text)
    assert in_force(service) == Policy(number=1, reads_suspected=1, undo_seconds=30)
    assert acts(service.database)[-1] == Act.POLICY_DECIDED
    assert verify(service.database).intact


def test_the_history_tells_who_changed_what_from_what(service: Service, admin: Browser) -> None:
    set_policy(service.database, turnaround_hours=48)
    admin.submit("/admin/policy", form(turnaround_hours=8, based_on=1), at="/admin/policy")

    page = shown(admin.get("/admin/policy").text)

    assert page.index("<del>48 hours</del> → <ins>8 hours</ins>") < page.index("<del>24 hours</del> → <ins>48 hours")
    assert ">Ada</td>" in page
    assert ">blastscreen service</td>" in page


def test_a_long_history_comes_in_pages_each_compared_with_the_one_before(service: Service, admin: Browser) -> None:
    for seconds in range(100, 121):
        set_policy(service.database, undo_seconds=seconds)

    first, second = shown(admin.get("/admin/policy").text), shown(admin.get("/admin/policy?page=2").text)

    assert "<del>119 seconds</del> → <ins>120 seconds</ins>" in first
    assert "<del>100 seconds</del> → <ins>101 seconds</ins>" in first
    assert "<del>60 seconds</del> → <ins>100 seconds</ins>" not in first
    assert "<del>60 seconds</del> → <ins>100 seconds</ins>" in second
    assert "Policy 21 is in force" in second


def test_the_preview_counts_what_would_have_been_flagged(either_service: Service, classifier: FakeClassifier) -> None:
    service = either_service
    admin = service.signed_in("ada", Role.ADMIN)
    lab = service.lab("LIS")
    for seed, probability in enumerate([0.99, 0.98, 0.97, 0.05, classifier.unsure]):
        classifier.probability = probability
        lab.screen(cell(seed))

    more = admin.submit("/admin/policy/preview", form(reads_suspected=2), at="/admin/policy").text

    assert "Of the last 30 days’ 5 screenings, 3 more would have been flagged: about 4 instead of 1." in shown(more)
    assert "That is about 7 reads instead of 1." in shown(more)
    assert "1 open item included, keeps the policy that it was judged by" in shown(more)

    set_policy(service.database, reads_suspected=2)
    fewer = admin.submit("/admin/policy/preview", form(based_on=1), at="/admin/policy").text
    assert "3 fewer would have been flagged: about 1 instead of 4" in shown(fewer)


def test_what_was_flagged_anyway_is_not_counted_as_new(
    service: Service, admin: Browser, classifier: FakeClassifier
) -> None:
    classifier.atypical = True
    service.lab("LIS").screen(cell(1))

    page = admin.submit("/admin/policy/preview", form(reads_suspected=1), at="/admin/policy").text

    assert "as many as now would have been flagged: about 1. That is about 1 read." in shown(page)


@pytest.mark.parametrize("probability", [0.03, 0.97])
def test_what_was_flagged_for_its_loss_is_not_counted_as_new_either(
    service: Service, admin: Browser, classifier: FakeClassifier, probability: float
) -> None:
    classifier.probability = probability
    service.lab("LIS").screen(jpeg(1))

    page = admin.submit("/admin/policy/preview", form(reads_suspected=1), at="/admin/policy").text

    assert "as many as now would have been flagged: about 1. That is about 1 read." in shown(page)


def test_the_preview_counts_open_items_that_would_be_overdue(
    service: Service, admin: Browser, classifier: FakeClassifier
) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab("LIS")
    for seed in range(3):
        lab.screen(cell(seed))
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE open_flags SET flagged_at = '2001-01-01' WHERE rowid = 1"))

    page = admin.submit("/admin/policy/preview", form(turnaround_hours=720, blind_first=False), at="/admin/policy").text

    assert "Of 3 open items, as many as now would be overdue: 1." in shown(page)
    assert "Readers of the 3 open items would call with the score." in shown(page)


def test_the_preview_counts_cases_that_would_have_insufficient_cells(either_service: Service) -> None:
    service = either_service
    admin = service.signed_in("ada", Role.ADMIN)
    lab = service.lab("LIS")
    for number, cells in enumerate([1, 2, 3]):
        for seed in range(cells):
            lab.screen(cell(10 * number + seed), case=f"S26-{number}")
    set_policy(service.database, minimum_cells=2)

    page = admin.submit("/admin/policy/preview", form(minimum_cells=3, based_on=1), at="/admin/policy").text

    assert "Of the last 30 days’ 3 cases, 1 more would be reported as having too few cells: 2 instead of 1." in shown(
        page
    )


def test_with_nothing_screened_the_preview_says_so(admin: Browser) -> None:
    page = admin.submit("/admin/policy/preview", form(quality_sample_share=0.5), at="/admin/policy")

    assert "Nothing was screened in the last 30 days" in page.text


@pytest.mark.parametrize("path", ["/admin/policy/preview", "/admin/policy"])
def test_what_cannot_be_used_is_kept_and_told_at_its_field(service: Service, admin: Browser, path: str) -> None:
    again = admin.submit(path, {**form(undo_seconds=7), "turnaround_hours": "<soon>"}, at="/admin/policy")

    assert again.status_code == 422
    assert "Type a whole number from 1 to 720." in again.text
    assert 'value="&lt;soon&gt;"' in again.text
    assert 'name="undo_seconds" value="7"' in again.text
    assert again.text.count('aria-invalid="true"') == 1
    assert rows(service.database)["policies"] == 0


@pytest.mark.parametrize("path", ["/admin/policy/preview", "/admin/policy"])
def test_a_form_that_changes_nothing_is_told_so(admin: Browser, path: str) -> None:
    again = admin.submit(path, form(), at="/admin/policy")

    assert again.status_code == 422
    assert "Change something first" in again.text


@pytest.mark.parametrize("path", ["/admin/policy/preview", "/admin/policy"])
def test_the_later_of_two_administrators_is_told_and_loses_nothing(service: Service, admin: Browser, path: str) -> None:
    mine = form(undo_seconds=5, turnaround_hours=8)
    set_policy(service.database, lease_minutes=99, turnaround_hours=12)

    told = admin.submit(path, mine, at="/admin/policy")

    assert told.status_code == 409
    assert "Policy 1 was put into force while you worked on yours" in told.text
    for field, value in {"undo_seconds": 5, "turnaround_hours": 8, "lease_minutes": 99, "based_on": 1}.items():
        assert f'name="{field}" value="{value}"' in told.text
    assert rows(service.database)["policies"] == 1

    seen = admin.submit(
        "/admin/policy/preview", form(in_force(service), undo_seconds=5, turnaround_hours=8, based_on=1)
    )
    admin.submit("/admin/policy", confirmed(seen.text))
    assert in_force(service) == Policy(number=2, undo_seconds=5, turnaround_hours=8, lease_minutes=99)


def test_two_administrators_at_once_make_one_version_and_one_is_told(either_service: Service) -> None:
    service = either_service
    ada = make_user(service.database, "ada", Role.ADMIN)

    def change(seconds: int) -> str:
        try:
            with service.database.writing() as session:
                decide(session, ada, policy=Policy(undo_seconds=seconds), based_on=0)
        except PolicyMoved as told:
            return told.code
        return "decided"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(change, [1, 2, 3, 4]))

    assert outcomes == ["decided", *["policy_moved"] * 3]
    assert rows(service.database)["policies"] == 1
    assert verify(service.database).intact


def test_a_double_click_decides_once(service: Service, admin: Browser) -> None:
    sent = {**form(undo_seconds=5), "csrf": (admin.get("/admin/policy"), admin.token())[1]}

    replies = [admin.client.post("/admin/policy", data=sent) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 409]
    assert rows(service.database)["policies"] == 1


def test_nothing_is_stored_where_nothing_changes(service: Service) -> None:
    with pytest.raises(NothingChanges), service.database.writing() as session:
        decide(session, make_user(service.database, "ada", Role.ADMIN), policy=Policy(), based_on=0)


def test_an_edited_version_is_named(service: Service, instrument: Instrument) -> None:
    set_policy(service.database, undo_seconds=5)
    set_policy(service.database, undo_seconds=6)
    assert verify(service.database).intact

    with without_triggers(service.database, "policies") as connection:
        connection.execute(text("UPDATE policies SET rules = '{}' WHERE number = 1"))

    (fault,) = verify(service.database).broken
    assert fault.startswith("policy 1 is not what ledger position")


def test_a_form_without_its_token_decides_nothing(service: Service, admin: Browser) -> None:
    admin.get("/admin/policy")

    assert admin.client.post("/admin/policy", data=form(undo_seconds=5)).status_code == 403
    assert rows(service.database)["policies"] == 0


def test_the_policy_is_no_business_of_those_who_read(service: Service) -> None:
    reader = service.signed_in("rea", Role.REVIEWER, Role.SENIOR)

    assert reader.get("/admin/policy").status_code == 403
    assert reader.submit("/admin/policy", form(undo_seconds=5), at="/review").status_code == 403
    assert rows(service.database)["policies"] == 0
