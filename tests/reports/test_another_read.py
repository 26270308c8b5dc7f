"""A signed case whose verdict was wrong: reopened, read again, settled and corrected, with every earlier word kept."""

import json

from app.accounts.rules import Role
from app.audit.events import Act
from app.reports.content import canonical
from tests.factories import acts, rows, verify
from tests.reports.conftest import Desk

WHY = "Two nucleoli: I see a blast."


def test_a_wrong_verdict_in_a_signed_case_is_contested_read_settled_and_corrected(either_desk: Desk) -> None:
    desk, service = either_desk, either_desk.service
    rea, otto = (service.signed_in(name, Role.REVIEWER) for name in ("rea", "otto"))
    path = desk.case(0.99, desk.classifier.unsure)
    [cell] = desk.lab.get("/api/v1/screenings", needs_review="true").json()["items"]
    here = f"/screenings/{cell['id']}"
    desk.read(cell["id"], by=rea, verdict="normal")
    desk.sign(path)
    first = desk.senior.get(f"{path}/versions/1.json").text
    assert "Ask for another read" in desk.senior.get(here).text
    assert "The signed report then says that it has changed" in desk.senior.page

    desk.senior.submit(f"{here}/ask-again", {"reason": WHY}, at=here)

    report = desk.senior.get(f"{path}/report").text
    assert "Unverified" in report
    assert "Changed since it was signed" in report
    assert "Another read asked for" in report
    assert WHY in report
    assert "Added to since it was signed" in desk.senior.get(path).text
    assert "1 cell waits for a human read" in desk.senior.get(f"{path}/sign-off").text
    assert f'href="{path}/sign-off"' not in desk.senior.get("/sign-off").text
    assert rea.submit(f"/review/{cell['id']}/withdraw", at=f"/review/{cell['id']}").status_code == 409
    assert "A senior may ask for another read" in rea.page

    desk.read(cell["id"], by=otto, verdict="leukaemic_blast")
    assert desk.lab.screening(cell["id"])["review"]["state"] == "reading", "they differ"
    desk.read(cell["id"], by=desk.senior, verdict="leukaemic_blast")
    assert f'href="{path}/sign-off"' in desk.senior.get("/sign-off").text
    corrected = desk.sign(path, meaning="corrected")

    assert corrected.status_code == 200
    assert "Corrected: an earlier version was wrong" in corrected.text
    assert "Unverified" not in corrected.text
    for told in ("first read", "further read", "adjudication", "Another read asked for", WHY):
        assert told in corrected.text
    assert desk.senior.get(f"{path}/versions/1.json").text == first
    assert "of which 1 suspected" in desk.senior.get(f"{path}/versions/1").text
    assert "of which 2 suspected" in desk.senior.get(f"{path}/versions/2").text
    assert "Signature does not match" not in desk.senior.page
    assert [acts(service.database).count(act) for act in (Act.ANOTHER_READ_ASKED_FOR, Act.CASE_AMENDED)] == [1, 1]
    assert verify(service.database).intact


def test_a_signed_request_that_is_altered_is_a_signature_that_does_not_match(desk: Desk) -> None:
    from sqlalchemy import text

    from tests.tampering import without_triggers

    path, service = desk.case(desk.classifier.unsure), desk.service
    [cell] = desk.lab.get("/api/v1/screenings").json()["items"]
    desk.read(cell["id"], by=service.signed_in("rea", Role.REVIEWER))
    desk.senior.submit(f"/screenings/{cell['id']}/ask-again", {"reason": WHY}, at=f"/screenings/{cell['id']}")
    desk.read(cell["id"], by=service.signed_in("otto", Role.REVIEWER))
    desk.sign(path)
    signed = json.loads(desk.senior.get(f"{path}/versions/1.json").text)
    assert [set(one) for one in signed["cells"][0]["requests"]] == [{"id", "at", "digest", "by"}]
    assert "Signature does not match" not in desk.senior.get(f"{path}/versions/1").text

    with without_triggers(service.database, "read_requests") as connection:
        connection.execute(text("UPDATE read_requests SET by_id = (SELECT id FROM actors WHERE name = 'Otto')"))

    assert "a request for another read of cell" in desk.senior.get(f"{path}/versions/1").text


def test_who_opened_a_case_asks_until_it_is_signed_and_not_after(desk: Desk) -> None:
    service = desk.service
    ursula, rea = service.signed_in("ursula", Role.UPLOADER), service.signed_in("rea", Role.REVIEWER)
    from tests.factories import cell

    desk.classifier.probability = desk.classifier.unsure
    here = ursula.upload(cell(2), case="S26-0070").url.path
    screening = here.rsplit("/", 1)[1]
    desk.read(screening, by=rea)
    case = ursula.get(here).text.split('href="/cases/')[1].split('"')[0]
    assert "Ask for another read" in ursula.page
    desk.sign(f"/cases/{case}")

    assert "Ask for another read" not in ursula.get(here).text
    refused = ursula.submit(f"{here}/ask-again", {"reason": WHY}, at=here)

    assert refused.status_code == 403
    assert rows(service.database)["read_requests"] == 0


def test_a_cell_of_which_nobody_asked_is_told_as_it_always_was(desk: Desk) -> None:
    path = desk.case(desk.classifier.unsure)
    [cell] = desk.lab.get("/api/v1/screenings").json()["items"]
    desk.read(cell["id"], by=desk.service.signed_in("rea", Role.REVIEWER))
    desk.sign(path)

    text = desk.senior.get(f"{path}/versions/1.json").text

    assert "requests" not in text
    assert canonical(json.loads(text)) == text.strip()
