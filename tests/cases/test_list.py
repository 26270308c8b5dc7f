"""The list of cases: which, in which order, with what badges, and what the order does not give away."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app import clock
from app.accounts.actions import create_user
from app.accounts.rules import Role
from app.actor import SERVICE
from app.audit.events import Act
from tests.cases.many import Made, case_with, known
from tests.factories import QUICK_HASH, Browser, Service, acts, cell, rows


def _made(service: Service, *cells: Made, number: str, by: str = "ursula") -> UUID:
    return case_with(service.database, known(service, by), cells, number=number)[0]


def _listed(browser: Browser, query: str = "") -> list[str]:
    """The ends of the numbers, in order."""
    assert browser.get(f"/cases{query}").status_code == 200
    return re.findall(r"<bdi>…(\w+)</bdi>", browser.page)


def _line(browser: Browser, number: str) -> str:
    return next(part for part in browser.page.split("<tr>") if f"<bdi>…{number}</bdi>" in part)


@pytest.fixture
def browser(service: Service) -> Browser:
    return service.signed_in("ursula", Role.UPLOADER)


def test_cases_with_a_suspected_cell_come_first_then_the_urgent_then_the_newest(
    service: Service, browser: Browser
) -> None:
    _made(service, Made(0.1), number="S26-old1")
    urgent = _made(service, Made(0.1), number="S26-urg2")
    _made(service, Made(0.9), Made(0.1), number="S26-sus3")
    _made(service, Made(0.1), number="S26-new4")
    browser.submit(f"/cases/{urgent}/priority", {"priority": "urgent"}, at=f"/cases/{urgent}")

    assert _listed(browser) == ["sus3", "urg2", "new4", "old1"]
    assert "Urgent" in _line(browser, "urg2")
    assert _listed(browser, "?which=urgent") == ["urg2"]


def test_the_order_gives_no_blind_reader_a_band(service: Service) -> None:
    service.signed_in("ursula", Role.UPLOADER)
    reader = service.signed_in("selma", Role.SENIOR)
    _made(service, Made(0.9, flagged=True), number="S26-hid1")
    _made(service, Made(0.1), number="S26-new2")

    assert _listed(reader) == ["new2", "hid1"]
    counts = re.findall(r'<td class="number[^"]*">(\d+)</td>', _line(reader, "hid1"))
    assert counts == ["1", "0", "0", "0", "0"]


def test_states_follow_from_the_cells(service: Service, browser: Browser) -> None:
    _made(service, Made(0.9), number="S26-rdy1")
    _made(service, Made(0.5, flagged=True), Made(0.9), number="S26-wai2")
    _made(service, Made(None), number="S26-opn3")
    _listed(browser)

    assert "Ready to sign" in _line(browser, "rdy1")
    assert "Waiting for reads" in _line(browser, "wai2")
    assert "no usable cell" in _line(browser, "opn3")


def test_the_list_and_the_case_name_one_state(service: Service, browser: Browser) -> None:
    cases = [
        _made(service, *cells, number=f"S26-{place:04d}")
        for place, cells in enumerate(
            [(Made(0.9),), (Made(0.5, flagged=True),), (Made(None),), (Made(0.5), Made(None))]
        )
    ]
    _listed(browser)
    told = [re.search(r'class="badge \w+">([^<]+)<', _line(browser, f"{place:04d}")) for place in range(len(cases))]

    for case_id, state in zip(cases, told, strict=True):
        assert state is not None
        assert f">{state.group(1)}<" in browser.get(f"/cases/{case_id}").text


def test_a_cell_that_waits_longer_than_the_turnaround_makes_its_case_overdue(
    service: Service, browser: Browser
) -> None:
    _made(service, Made(0.5, flagged=True), number="S26-lat1")
    with service.database.engine.begin() as connection:
        long_ago = (clock.now() - timedelta(hours=25)).replace(tzinfo=None).isoformat(sep=" ")
        connection.execute(text("UPDATE open_flags SET flagged_at = :then"), {"then": long_ago})
    _made(service, Made(0.5, flagged=True), number="S26-now2")

    assert _listed(browser, "?which=overdue") == ["lat1"]
    assert "Overdue" in _line(browser, "lat1")
    _listed(browser)
    assert "Overdue" not in _line(browser, "now2")


def test_lists_by_whose_the_cases_are(service: Service, browser: Browser) -> None:
    otto = service.signed_in("otto", Role.UPLOADER)
    _made(service, Made(0.1), number="S26-mine")
    shared = _made(service, Made(0.1), number="S26-shrd", by="otto")
    _made(service, Made(0.1), number="S26-othr", by="otto")
    me = str(known(service, "ursula").id)
    otto.submit(f"/cases/{shared}/share", {"colleague": me}, at=f"/cases/{shared}/manage")

    assert _listed(browser, "?whose=mine") == ["mine"]
    assert _listed(browser, "?whose=shared") == ["shrd"]
    assert _listed(browser, "?whose=lab") == []
    assert "No case is in this list" in browser.page
    assert sorted(_listed(browser)) == ["mine", "shrd"]


def test_a_withdrawn_case_stands_in_a_list_of_its_own_and_says_so_on_every_page(
    service: Service, browser: Browser
) -> None:
    case_id = _made(service, Made(0.9), Made(0.5, flagged=True), number="S26-wdr1")
    path = f"/cases/{case_id}"

    after = browser.submit(f"{path}/withdraw", {"reason": "تم الخلط <b>✂️</b>", "certain": "yes"}, at=f"{path}/manage")

    assert after.url.path == path
    assert "Withdrawn" in after.text
    assert "تم الخلط &lt;b&gt;✂️&lt;/b&gt;" in after.text
    assert "/priority" not in after.text
    assert "Not read: the case was withdrawn" in after.text
    assert "Ask for a human read" not in after.text
    assert "was withdrawn" in browser.get(f"{path}/manage").text
    assert "was withdrawn" in browser.get(f"{path}/compare").text
    assert _listed(browser) == []
    assert _listed(browser, "?which=withdrawn") == ["wdr1"]
    assert "Withdrawn" in _line(browser, "wdr1")
    assert acts(service.database).count(Act.CASE_WITHDRAWN) == 1


def test_the_result_and_the_report_of_a_withdrawn_case_say_so(service: Service, browser: Browser) -> None:
    result = browser.upload(cell(1), case="S26-0001").url.path
    assert "Ask for a human read" in browser.page
    found = re.search(r"/cases/[0-9a-f-]{36}", browser.page)
    assert found

    browser.submit(f"{found.group()}/withdraw", {"reason": "mixed up", "certain": "yes"}, at=f"{found.group()}/manage")

    assert "was withdrawn" in browser.get(result).text
    assert "Ask for a human read" not in browser.page
    assert "withdrawn" in browser.get(f"{found.group()}/report").text


def test_a_reason_that_is_missing_or_too_long_is_told_of_and_what_was_typed_stays(
    service: Service, browser: Browser
) -> None:
    path = f"/cases/{_made(service, Made(0.9), number='S26-0001')}"

    empty = browser.submit(f"{path}/withdraw", {"reason": " "}, at=f"{path}/manage")
    long = browser.submit(f"{path}/withdraw", {"reason": "x" * 2001}, at=f"{path}/manage")

    assert empty.status_code == long.status_code == 422
    assert "Say why the case is withdrawn" in empty.text
    assert "x" * 2001 in long.text
    assert rows(service.database)["case_withdrawals"] == 0


def test_a_correction_that_cannot_be_kept_keeps_what_was_typed(service: Service, browser: Browser) -> None:
    path = f"/cases/{_made(service, Made(0.9), number='S26-0001')}"
    _made(service, Made(0.9), number="S26-0002")

    unusable = browser.submit(f"{path}/correct", {"accession": "S26/0001!", "subject": "P1"}, at=f"{path}/manage")
    taken = browser.submit(f"{path}/correct", {"accession": "S26-0002", "subject": "P1"}, at=f"{path}/manage")

    assert (unusable.status_code, taken.status_code) == (422, 409)
    assert 'value="S26/0001!"' in unusable.text
    assert 'value="S26-0002"' in taken.text
    assert "This case number is taken" in taken.text
    corrected = browser.submit(f"{path}/correct", {"accession": "S26-0003", "subject": "P1"}, at=f"{path}/manage")
    assert "<bdi>S26-0003</bdi>" in corrected.text
    assert "<bdi>P1</bdi>" in corrected.text


def test_a_correction_from_a_page_that_is_out_of_date_changes_nothing_and_keeps_what_was_typed(
    service: Service, browser: Browser
) -> None:
    path = f"/cases/{_made(service, Made(0.9), number='S26-0001')}"
    colleague = service.signed_in("sven", Role.SENIOR, Role.UPLOADER)
    browser.get(f"{path}/manage")
    colleague.upload(cell(1), case="S26-0001", subject="P-7")

    unusable = browser.submit(f"{path}/correct", {"accession": "S26/0009!", "subject": ""})
    stale = browser.submit(f"{path}/correct", {"accession": "S26-0009", "subject": ""})

    assert (unusable.status_code, stale.status_code) == (422, 409)
    assert "changed after this page was opened" in stale.text
    assert 'value="S26-0009"' in stale.text
    assert "Now it is case <bdi>S26-0001</bdi>, subject <bdi>P-7</bdi>." in stale.text
    assert "<dd><bdi>P-7</bdi></dd>" in colleague.get(path).text
    assert Act.CASE_CORRECTED not in acts(service.database)
    again = browser.submit(f"{path}/correct", {"accession": "S26-0009", "subject": "P-7"})
    assert again.url.path == path
    assert "<dd><bdi>P-7</bdi></dd>" in again.text
    assert "<h1><bdi>S26-0009</bdi></h1>" in again.text


@pytest.mark.parametrize("query", ["?whose=nobody", "?which=lost", "?page=0"])
def test_a_list_that_is_none_gets_a_sentence(browser: Browser, query: str) -> None:
    assert browser.get(f"/cases{query}").status_code == 422


def test_names_of_any_script_are_set_apart_from_what_stands_around_them(service: Service, browser: Browser) -> None:
    name = "د. ليلى 🧪 \u202e"
    with service.database.writing() as session:
        user = create_user(
            session, SERVICE, username="layla", password_hash=QUICK_HASH, roles=[Role.UPLOADER], name=name
        )
        colleague = str(user.actor_id)
    path = f"/cases/{_made(service, Made(0.9), number='S26-0001')}"

    browser.submit(f"{path}/share", {"colleague": colleague}, at=f"{path}/manage")

    assert f"<bdi>{name}</bdi>" in browser.page
    assert "<bdi>S26-0001</bdi>" in browser.page
    assert "by <bdi>Ursula</bdi>" in browser.get(path).text


def test_pages_of_the_list_keep_what_was_asked(service: Service, browser: Browser) -> None:
    for place in range(51):
        _made(service, Made(0.1), number=f"S26-{place:04d}")

    first = _listed(browser, "?whose=mine")
    following = re.search(r'href="([^"]+)" rel="next"', browser.page)

    assert len(first) == 50
    assert following is not None
    assert following.group(1) == "/cases?whose=mine&amp;page=2"
    assert _listed(browser, "?whose=mine&page=2") == ["0000"]


def test_who_has_no_case_is_told_what_opens_one(service: Service) -> None:
    assert "Upload a cell image" in service.signed_in("ursula", Role.UPLOADER).get("/cases").text
    assert "A case opens when" in service.signed_in("selma", Role.SENIOR).get("/cases").text
