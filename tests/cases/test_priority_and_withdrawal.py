"""How urgent a case is, what it is called, and that it may be taken back: each an act that is remembered."""

from uuid import UUID

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.actor import Actor
from app.audit.events import Act
from app.cases import actions, queries
from app.cases.actions import CaseNotYours, CaseWithdrawn
from app.cases.queries import CaseNotFound
from app.cases.rules import Priority, ReasonUnusable, UnknownPriority, parse_priority, parse_reason
from app.checks import record_faults
from app.db import Database
from app.review.case_actions import withdraw_case
from tests.factories import Service, acts, cell, make_user, rows, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers


def _opened(database: Database, actor: Actor, *, number: str | None = "S26-0001", subject: str | None = None) -> UUID:
    with database.writing() as session:
        return actions.open_or_join(session, actor, accession=number, subject=subject).id


def _say(database: Database, actor: Actor, case_id: UUID, priority: Priority) -> None:
    with database.writing() as session:
        actions.set_priority(session, actor, case_id=case_id, priority=priority)


def _withdraw(database: Database, actor: Actor, case_id: UUID, reason: str = "mixed up") -> None:
    with database.writing() as session:
        withdraw_case(session, actor, case_id=case_id, reason=reason)


def test_the_latest_word_on_urgency_counts_and_the_earlier_ones_stay(either_database: Database) -> None:
    ursula = make_user(either_database, "ursula", Role.UPLOADER)
    case_id = _opened(either_database, ursula)

    for priority in (Priority.URGENT, Priority.URGENT, Priority.ROUTINE, Priority.URGENT):
        _say(either_database, ursula, case_id, priority)

    with either_database.reading() as session:
        assert queries.priority(session, case_id) is Priority.URGENT
        assert queries.urgent_among(session, [case_id]) == {case_id}
        assert [row.priority for row in queries.priorities(session, [case_id])] == ["urgent", "routine", "urgent"]
    assert acts(either_database).count(Act.CASE_PRIORITY_SET) == 3
    assert verify(either_database).intact


def test_a_case_is_routine_until_somebody_says_otherwise(database: Database) -> None:
    ursula = make_user(database, "ursula", Role.UPLOADER)
    case_id = _opened(database, ursula)

    _say(database, ursula, case_id, Priority.ROUTINE)

    assert rows(database)["case_priorities"] == 0
    with database.reading() as session:
        assert queries.priority(session, case_id) is Priority.ROUTINE


def test_who_may_not_see_a_case_sets_no_priority_and_withdraws_nothing(database: Database) -> None:
    ursula, otto = make_user(database, "ursula", Role.UPLOADER), make_user(database, "otto", Role.UPLOADER)
    case_id = _opened(database, ursula)

    with pytest.raises(CaseNotFound):
        _say(database, otto, case_id, Priority.URGENT)
    with pytest.raises(CaseNotFound):
        _withdraw(database, otto, case_id)

    assert rows(database)["case_priorities"] == rows(database)["case_withdrawals"] == rows(database)["notes"] == 0


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("case_priorities", "UPDATE case_priorities SET priority = 'routine'"),
        ("case_priorities", "UPDATE case_priorities SET priority = 'none such'"),
        ("case_priorities", "DELETE FROM case_priorities"),
        ("case_withdrawals", "DELETE FROM case_withdrawals"),
        ("case_withdrawals", "UPDATE case_withdrawals SET at = '2020-01-01 00:00:00.000000'"),
        ("notes", "UPDATE notes SET text = 'something else'"),
        ("notes", "UPDATE notes SET salt = NULL"),
    ],
)
def test_an_altered_priority_withdrawal_or_reason_is_named(database: Database, table: str, change: str) -> None:
    ursula = make_user(database, "ursula", Role.UPLOADER)
    case_id = _opened(database, ursula)
    _say(database, ursula, case_id, Priority.URGENT)
    _withdraw(database, ursula, case_id)
    assert verify(database).intact

    with without_triggers(database, *({table} - {"notes"})) as connection:
        connection.execute(text(change))

    faults = verify(database).broken
    assert faults
    assert all(str(case_id) in fault for fault in faults)


def test_a_reason_that_retention_emptied_is_purged_and_not_broken(database: Database) -> None:
    ursula = make_user(database, "ursula", Role.UPLOADER)
    _withdraw(database, ursula, _opened(database, ursula))

    with database.engine.begin() as connection:
        connection.execute(text("UPDATE notes SET text = NULL, salt = NULL"))

    assert verify(database).intact
    assert verify(database).purged == 1


def test_a_withdrawn_case_leaves_the_queue_and_takes_nothing_new(
    either_service: Service, classifier: FakeClassifier
) -> None:
    service = either_service
    lab, ursula = service.lab(), make_user(service.database, "ursula", Role.SENIOR)
    classifier.probability = classifier.unsure
    made = lab.screen(cell(1), case="S26-0001").json()
    classifier.probability = 0.97
    sure = lab.screen(cell(2), case="S26-0001").json()
    assert rows(service.database)["open_flags"] == 1

    _withdraw(service.database, ursula, UUID(made["case_id"]), "sent under the wrong number")
    _withdraw(service.database, ursula, UUID(made["case_id"]), "again")

    again = lab.screen(cell(3), case="S26-0001")
    assert (again.status_code, again.json()["code"]) == (409, "case_withdrawn")
    assert "another case number" in again.json()["detail"]
    after = rows(service.database)
    assert (after["open_flags"], after["screenings"], after["case_withdrawals"]) == (0, 2, 1)
    browser = service.signed_in("otto", Role.UPLOADER)
    asked = browser.submit(f"/screenings/{sure['id']}/ask", at=f"/screenings/{sure['id']}")
    assert asked.status_code == 409
    with pytest.raises(CaseWithdrawn):
        _say(service.database, ursula, UUID(made["case_id"]), Priority.URGENT)
    with service.database.reading() as session:
        assert record_faults(session, store=service.instrument.store) == []
    assert verify(service.database).intact
    assert acts(service.database).count(Act.CASE_WITHDRAWN) == 1


def test_the_lab_system_and_every_page_say_of_a_cell_that_its_case_was_withdrawn(
    service: Service, classifier: FakeClassifier
) -> None:
    lab, ursula = service.lab(), make_user(service.database, "ursula", Role.SENIOR)
    sure = lab.screen(cell(1), case="S26-0001").json()
    classifier.probability = classifier.unsure
    waits, read = (lab.screen(cell(seed), case="S26-0001").json() for seed in (2, 3))
    rea, olga = service.signed_in("rea", Role.REVIEWER), service.signed_in("olga", Role.UPLOADER)
    rea.submit(f"/review/{read['id']}", {"verdict": "normal"}, at=f"/review/{read['id']}")
    elsewhere = lab.screen(cell(4), case="S26-0002").json()  # only now: rea was led on to a cell that waited
    settled_at = lab.screening(read["id"])["review"]["settled_at"]

    _withdraw(service.database, ursula, UUID(sure["case_id"]))

    for one in (sure, waits):
        assert lab.screening(one["id"]) == one | {"review": {"state": "withdrawn", "verdict": None, "settled_at": None}}
    assert lab.screening(read["id"])["review"] == {
        "state": "withdrawn",
        "verdict": "normal",
        "settled_at": settled_at,
    }
    assert lab.screening(elsewhere["id"])["review"]["state"] == "waiting"
    listed = lab.get("/api/v1/screenings", case_id=sure["case_id"]).json()["items"]
    assert [one["review"]["state"] for one in listed] == ["withdrawn"] * 3
    case = f"/cases/{sure['case_id']}"
    for page in (f"/screenings/{waits['id']}", f"{case}/compare?cell={waits['id']}", f"{case}/report", case):
        assert "Not read: the case was withdrawn" in olga.get(page).text, page
        assert "Waiting for a human read" not in olga.page, page
    assert "Read: Normal cell" in olga.get(f"/screenings/{read['id']}").text
    assert "Read this cell" not in service.signed_in("lars", Role.SENIOR).get(f"/screenings/{waits['id']}").text


def test_a_repeat_of_what_was_sent_before_the_withdrawal_gets_its_old_answer(service: Service) -> None:
    lab, ursula = service.lab(), make_user(service.database, "ursula", Role.SENIOR)
    made = lab.screen(cell(1), key="k1", case="S26-0001")
    _withdraw(service.database, ursula, UUID(made.json()["case_id"]))

    again = lab.screen(cell(1), key="k1", case="S26-0001")

    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])


def test_a_corrected_number_finds_the_case_and_frees_the_wrong_one(either_database: Database) -> None:
    ursula = make_user(either_database, "ursula", Role.UPLOADER)
    case_id = _opened(either_database, ursula, number="S26-0001", subject="P1")

    with either_database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=case_id, accession="S26-0010", subject="P1")
    with either_database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=case_id, accession="S26-0010", subject="P1")

    with either_database.reading() as session:
        found = queries.by_accession(session, "S26-0010")
        assert found is not None
        assert found.id == case_id
        assert queries.by_accession(session, "S26-0001") is None
    assert acts(either_database).count(Act.CASE_CORRECTED) == 1
    assert verify(either_database).intact


def test_a_number_is_not_corrected_to_one_that_is_taken(database: Database) -> None:
    ursula, otto = make_user(database, "ursula", Role.UPLOADER), make_user(database, "otto", Role.UPLOADER)
    _opened(database, otto, number="S26-0002")
    case_id = _opened(database, ursula, number="S26-0001")

    with pytest.raises(CaseNotYours), database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=case_id, accession="S26-0002", subject=None)

    assert acts(database).count(Act.CASE_CORRECTED) == 0


def test_a_correction_tells_the_ledger_what_was_corrected_and_no_value(database: Database) -> None:
    ursula = make_user(database, "ursula", Role.UPLOADER)
    case_id = _opened(database, ursula, number="S26-0001", subject="P1")

    with database.writing() as session:
        actions.correct_identifiers(session, ursula, case_id=case_id, accession=None, subject="P2")

    with database.reading() as session:
        told = session.scalar(text("SELECT detail FROM ledger WHERE act = 'case.corrected'"))
    assert '"corrected": ["accession", "subject"]' in str(told)
    assert "P2" not in str(told)


def test_what_is_no_priority_and_no_reason_is_told_so() -> None:
    with pytest.raises(UnknownPriority, match="routine or urgent"):
        parse_priority("yesterday")
    with pytest.raises(ReasonUnusable, match="why"):
        parse_reason(" \n ")
    with pytest.raises(ReasonUnusable, match="2001"):
        parse_reason("x" * 2001)
    assert parse_reason(" " + "x" * 2000) == "x" * 2000
