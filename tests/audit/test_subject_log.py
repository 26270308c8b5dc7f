"""The access log of one subject: who was shown what, for the auditor alone, whose reading is logged too."""

import re

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.audit.events import Act
from app.audit.tables import LedgerRow
from tests.factories import Browser, Service, cell, verify
from tests.fakes import FakeClassifier


def _log(auditor: Browser, number: str):
    return auditor.submit("/audit/subject", {"number": number}, at="/audit")


def _acts(page: str) -> list[str]:
    """The acts of the table's lines, newest first."""
    return re.findall(r"<td>((?:case|cells?|results|image|read)\.[a-z_]+)</td>", page)


def test_the_log_tells_who_was_shown_what_in_every_case_of_the_subject(
    service: Service, classifier: FakeClassifier
) -> None:
    classifier.probability = classifier.unsure
    lab = service.lab("West Wing LIS")
    first = lab.screen(cell(1), case="S26-0001", subject="P-7").json()
    lab.screen(cell(2), case="S26-0002", subject="p-7")
    lab.screen(cell(3), case="S26-0003", subject="P-8")
    ursula, rea = service.signed_in("ursula", Role.UPLOADER), service.signed_in("rea", Role.REVIEWER)
    ursula.get(f"/screenings/{first['id']}")
    ursula.get(f"/screenings/{first['id']}/image")
    rea.get("/review")
    rea.submit(f"/review/{first['id']}", {"verdict": "normal"}, at=f"/review/{first['id']}")
    auditor = service.signed_in("aude", Role.AUDITOR)

    page = _log(auditor, "S26-0002").text

    assert "the 2 cases of this subject" in page
    assert sorted(set(_acts(page))) == [
        "case.opened",
        "cell.opened",
        "cell.screened",
        "cells.shown",
        "image.shown",
        "read.blind_call",
        "read.given",
        "results.shown",
    ]
    assert _acts(page).count("case.opened") == 2
    assert {"Ursula", "Rea", "West Wing LIS"} <= set(re.findall(r"<td>([\w ]+)</td>", page))


def test_what_was_shown_on_a_page_of_several_results_is_found(service: Service) -> None:
    lab = service.lab()
    lab.screen(cell(1), case="S26-0001")
    lab.screen(cell(2), case="S26-0002")
    lab.get("/api/v1/screenings")

    page = _log(service.signed_in("aude", Role.AUDITOR), "S26-0001").text

    assert "screening several" in page
    assert "GET /api/v1/screenings" in page


def test_of_a_reply_that_showed_several_a_line_says_how_many_and_unfolds_to_which(service: Service) -> None:
    lab = service.lab()
    sent = [lab.screen(cell(seed), case=f"S26-000{seed}").json() for seed in (1, 2, 3)]
    auditor = service.signed_in("aude", Role.AUDITOR)
    lab.get("/api/v1/screenings")
    service.signed_in("ursula", Role.UPLOADER).get("/cases")

    pages = (auditor.get("/audit").text, _log(auditor, "S26-0001").text)

    for page in pages:
        for kind, ids in (("screenings", [one["id"] for one in sent]), ("cases", [one["case_id"] for one in sent])):
            [folded] = re.findall(rf"<details>\s*<summary>3 {kind}</summary>(.*?)</details>", page, re.DOTALL)
            assert sorted(folded.split()) == sorted(ids)
        assert "shown: " not in re.sub(r"shown: [0-9a-f-]{36}", "", page)
        assert "where: GET /api/v1/screenings" in page


def test_reading_the_log_is_an_event_with_ids_only(service: Service) -> None:
    sent = service.lab().screen(cell(1), case="S26-0001", subject="P-7").json()
    auditor = service.signed_in("aude", Role.AUDITOR)

    _log(auditor, "S26-0001")
    _log(auditor, "S26-9999")

    with service.database.reading() as session:
        events = list(session.scalars(select(LedgerRow).where(LedgerRow.act == Act.SUBJECT_LOG_SHOWN)))
    assert [event.object_id for event in events] == [sent["case_id"], "none"]
    assert not [event for event in events if "S26" in str(event.detail) or "P-7" in str(event.detail)]
    assert verify(service.database).intact


@pytest.mark.parametrize(("number", "status"), [("S26-9999", 404), ("", 404), ("../etc", 422), ("<b>", 422)])
def test_a_number_of_no_case_is_told_so_and_shows_nothing(service: Service, number: str, status: int) -> None:
    reply = _log(service.signed_in("aude", Role.AUDITOR), number)

    assert reply.status_code == status
    assert 'role="alert"' in reply.text
    assert _acts(reply.text) == []


@pytest.mark.parametrize("role", [Role.UPLOADER, Role.REVIEWER, Role.SENIOR, Role.ADMIN])
def test_nobody_but_an_auditor_reads_it(service: Service, role: Role) -> None:
    somebody = service.signed_in("somebody", role)

    assert somebody.submit("/audit/subject", {"number": "S26-0001"}, at="/account").status_code == 403
