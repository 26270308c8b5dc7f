"""Whose case: who sees it, who shares it, and what a taken number gives away (nothing)."""

import re

import pytest

from app.accounts.rules import Role, Scope
from app.audit.events import Act
from tests.factories import Browser, Service, acts, cell, rows
from tests.fakes import FakeClassifier


def _case(service: Service, browser: Browser, number: str = "S26-0001") -> str:
    """The path of a new case with one cell."""
    browser.upload(cell(1), case=number)
    found = re.search(r"/cases/[0-9a-f-]{36}", browser.page)
    assert found
    return found.group()


def _colleague(browser: Browser, name: str) -> str:
    """The id that the form of the page last seen offers for this name."""
    found = re.search(rf'value="([0-9a-f-]{{36}})">\s*{name}\s*<', browser.page)
    assert found, f"{name} is not offered"
    return found.group(1)


def test_a_case_is_seen_by_who_opened_it_and_by_no_other_uploader(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    path = _case(service, ursula)
    result = ursula.get(path) and re.search(r"/screenings/[0-9a-f-]{36}", ursula.page)
    assert result

    assert ursula.get(path).status_code == 200
    for theirs in (path, result.group(), f"{result.group()}/image", f"{result.group()}/thumbnail/96"):
        assert otto.get(theirs).status_code == 404
    assert "…0001" not in otto.get("/cases").text


def test_every_uploader_sees_what_a_lab_client_sent(service: Service) -> None:
    sent = service.lab().screen(cell(1), case="S26-0001").json()

    page = service.signed_in("ursula", Role.UPLOADER).get(f"/cases/{sent['case_id']}/manage")

    assert page.status_code == 200
    assert "Who sees this case" not in page.text


def test_a_shared_case_is_seen_until_it_is_shared_no_more_and_both_are_remembered(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    path = _case(service, ursula)
    ursula.get(f"{path}/manage")
    them = _colleague(ursula, "Otto")

    ursula.submit(f"{path}/share", {"colleague": them})
    assert otto.get(path).status_code == 200
    assert "…0001" in otto.get("/cases").text
    assert otto.upload(cell(2), case="S26-0001").status_code == 200

    ursula.submit(f"{path}/unshare", {"colleague": them})
    assert otto.get(path).status_code == 404
    assert [act for act in acts(service.database) if act.startswith("case.")] == [
        Act.CASE_OPENED,
        Act.CASE_SHARED,
        Act.CASE_UNSHARED,
    ]


def test_only_who_opened_a_case_shares_it(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    service.signed_in("olga", Role.UPLOADER)
    path = _case(service, ursula)
    ursula.get(f"{path}/manage")
    olga = _colleague(ursula, "Olga")
    ursula.submit(f"{path}/share", {"colleague": _colleague(ursula, "Otto")})
    before = rows(service.database)["case_shares"]

    refused = otto.submit(f"{path}/share", {"colleague": olga}, at=f"{path}/manage")

    assert refused.status_code == 403
    assert rows(service.database)["case_shares"] == before
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN


@pytest.mark.parametrize("whom", ["", "nobody", "5f0e7a52-8c1d-4d36-9a44-0d9be3b1f4c2"])
def test_a_case_is_shared_with_nobody_who_is_not_there(service: Service, whom: str) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    path = _case(service, ursula)

    assert ursula.submit(f"{path}/share", {"colleague": whom}, at=f"{path}/manage").status_code == 422
    assert rows(service.database)["case_shares"] == 0


def test_reviewers_and_administrators_are_not_offered_as_colleagues_of_a_case(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    service.signed_in("rea", Role.REVIEWER)
    service.signed_in("anna", Role.ADMIN)

    page = ursula.get(f"{_case(service, ursula)}/manage")

    assert "Who sees this case" in page.text
    assert ">Rea<" not in page.text
    assert ">Anna<" not in page.text
    assert "There is no other colleague" in page.text


def test_a_reviewer_sees_what_waits_for_them_and_nothing_else(service: Service, classifier: FakeClassifier) -> None:
    lab = service.lab()
    sure = lab.screen(cell(1)).json()["id"]
    classifier.probability = classifier.unsure
    unsure = lab.screen(cell(2)).json()["id"]
    rea = service.signed_in("rea", Role.REVIEWER)

    assert rea.get(f"/screenings/{unsure}").status_code == 200
    assert rea.get(f"/screenings/{sure}").status_code == 404
    assert rea.get(f"/screenings/{sure}/image").status_code == 404
    assert rea.get("/cases").status_code == 403


def test_a_reader_sees_the_cell_and_not_whose_it_is(service: Service, classifier: FakeClassifier) -> None:
    classifier.probability = classifier.unsure
    sent = service.lab().screen(cell(1), case="S26-0001", subject="P-7").json()
    rea = service.signed_in("rea", Role.REVIEWER)

    for path in ("/review", f"/review/{sent['id']}", f"/screenings/{sent['id']}"):
        page = rea.get(path).text
        assert "S26-0001" not in page
        assert "P-7" not in page


def test_a_senior_reads_the_queue_and_sees_every_case_as_who_signs_them_must(
    service: Service, classifier: FakeClassifier
) -> None:
    path = _case(service, service.signed_in("ursula", Role.UPLOADER))
    classifier.probability = classifier.unsure
    screening = service.lab().screen(cell(2)).json()["id"]
    senior = service.signed_in("sena", Role.SENIOR)

    assert senior.submit(f"/review/{screening}", {"verdict": "normal"}, at=f"/review/{screening}").status_code == 200
    assert Act.READ_GIVEN in acts(service.database)
    assert senior.get("/cases").status_code == 200
    assert senior.get(path).status_code == 200
    assert senior.get("/").url.path == "/cases"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_administrators_and_auditors_see_no_result_and_no_image(service: Service, role: Role) -> None:
    sent = service.lab().screen(cell(1), case="S26-0001").json()
    somebody = service.signed_in("somebody", role)

    for path in (f"/screenings/{sent['id']}", f"/screenings/{sent['id']}/image", f"/cases/{sent['case_id']}", "/cases"):
        assert somebody.get(path).status_code == 403


def test_a_taken_number_says_only_that_from_every_door_and_stores_nothing(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    lab = service.lab()
    path = _case(service, ursula)
    otto.get("/")
    before = rows(service.database)
    stored = set(service.settings.image_store.rglob("*.png"))

    page = otto.submit("/screenings", {"case": "S26-0001"}, files=[("image", ("a.png", cell(2), "image/png"))])
    several = [("image", (f"{seed}.png", cell(seed), "image/png")) for seed in (3, 4)]
    pages = otto.submit("/screenings", {"case": "S26-0001"}, files=several)
    reply = lab.screen(cell(5), case="S26-0001", subject="P-9")

    assert reply.status_code == 409
    assert reply.json()["code"] == "case_not_yours"
    for told in (page.text, pages.text, reply.text):
        assert "This case number is taken" in told
        assert "Ursula" not in told
        assert path.rsplit("/", 1)[1] not in told
    after = rows(service.database)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]}.keys() <= {"ledger"}
    assert set(service.settings.image_store.rglob("*.png")) == stored


KEEPING = [
    ("correct", {"accession": "S26-0009", "subject": "P-2"}),
    ("withdraw", {"reason": "mixed up", "certain": "yes"}),
]


def _keeps(service: Service, browser: Browser, path: str) -> bool:
    """Whether somebody corrects and then withdraws the case, or is refused both and offered neither."""
    told = rows(service.database)
    page = browser.get(f"{path}/manage").text
    offered = {act: f'action="{path}/{act}"' in page for act, _ in KEEPING}
    replies = [browser.submit(f"{path}/{act}", form, at=f"{path}/manage").status_code for act, form in KEEPING]
    withdrawn = rows(service.database)["case_withdrawals"] - told["case_withdrawals"]
    assert (set(offered.values()), replies, withdrawn) in (({True}, [200, 200], 1), ({False}, [403, 403], 0))
    return bool(withdrawn)


def test_who_opened_a_case_keeps_it_and_whom_it_is_shared_with_does_not(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    path = _case(service, ursula)
    ursula.get(f"{path}/manage")
    ursula.submit(f"{path}/share", {"colleague": _colleague(ursula, "Otto")})

    assert not _keeps(service, otto, path)
    assert acts(service.database)[-1] == Act.ACT_FORBIDDEN
    assert f"{path}/manage" not in otto.get(path).text
    assert "Add images" in otto.page
    assert "<bdi>S26-0001</bdi>" in otto.page
    assert f"{path}/manage" in ursula.get(path).text
    assert _keeps(service, ursula, path)


def test_a_lab_clients_case_is_kept_by_seniors_alone(service: Service) -> None:
    path = f"/cases/{service.lab().screen(cell(1), case='S26-0001').json()['case_id']}"
    ursula, selma = service.signed_in("ursula", Role.UPLOADER), service.signed_in("selma", Role.SENIOR)

    assert not _keeps(service, ursula, path)
    assert "for cases that a laboratory system sent, only a senior can" in ursula.get(f"{path}/manage").text
    assert f"{path}/manage" not in ursula.get(path).text
    assert f"{path}/manage" in selma.get(path).text
    assert _keeps(service, selma, path)


def test_whoever_sees_a_case_says_how_urgent_it_is(service: Service) -> None:
    path = f"/cases/{service.lab().screen(cell(1), case='S26-0001').json()['case_id']}"
    ursula, selma = service.signed_in("ursula", Role.UPLOADER), service.signed_in("selma", Role.SENIOR)

    assert "Mark as routine" in ursula.submit(f"{path}/priority", {"priority": "urgent"}, at=path).text
    assert "Mark as urgent" in selma.submit(f"{path}/priority", {"priority": "routine"}, at=path).text


def test_a_withdrawal_is_confirmed_and_what_was_typed_stays_until_then(service: Service) -> None:
    ursula = service.signed_in("ursula", Role.UPLOADER)
    path = _case(service, ursula)

    again = ursula.submit(f"{path}/withdraw", {"reason": "mixed up"}, at=f"{path}/manage")

    assert again.status_code == 422
    assert "nobody can take that back" in again.text
    assert ">mixed up</textarea>" in again.text
    assert rows(service.database)["case_withdrawals"] == 0


def test_a_number_of_anothers_case_is_found_no_more_than_one_that_is_nobodys(service: Service) -> None:
    ursula, otto = service.signed_in("ursula", Role.UPLOADER), service.signed_in("otto", Role.UPLOADER)
    _case(service, ursula)

    taken = otto.submit("/cases/find", {"number": "S26-0001"}, at="/cases")
    free = otto.submit("/cases/find", {"number": "S26-0002"}, at="/cases")

    assert taken.status_code == free.status_code == 404
    assert taken.text.replace("S26-0001", "S26-0002") == free.text


def test_what_can_be_no_case_number_is_sought_by_nobody_and_stays_as_it_was_typed(service: Service) -> None:
    reply = service.signed_in("otto", Role.UPLOADER).submit("/cases/find", {"number": "<b>"}, at="/cases")

    assert reply.status_code == 422
    assert 'value="&lt;b&gt;"' in reply.text
    assert 'role="alert"' in reply.text


def test_another_clients_case_stays_hidden_whichever_key_is_sent(service: Service) -> None:
    one, other = service.lab("One"), service.lab("Other")
    sent = one.screen(cell(1), case="S26-0001").json()

    assert service.lab("One", Scope.READ).screening(sent["id"])["id"] == sent["id"]
    assert other.get(f"/api/v1/screenings/{sent['id']}").status_code == 404
    assert other.get("/api/v1/screenings", case_id=sent["case_id"]).json()["items"] == []
