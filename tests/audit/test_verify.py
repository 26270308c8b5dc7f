"""Verify names what was altered, whatever it is, and stands in nobody's way."""

import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from tests.factories import LabSystem, Service, cell, verify
from tests.fakes import FakeClassifier
from tests.tampering import without_triggers


@pytest.fixture
def lab(service: Service) -> LabSystem:
    return service.lab("LIS")


@pytest.fixture
def case_with_a_note(service: Service, classifier: FakeClassifier, lab: LabSystem) -> str:
    """Two cases, and in the first an unsure cell that was read with a note; the id of its screening."""
    classifier.probability = classifier.unsure
    screening = str(lab.screen(cell(1), case="S26-0001", subject="P-1").json()["id"])
    lab.screen(cell(2), case="S26-0002", subject="P-2")
    reviewer = service.signed_in("rea", Role.REVIEWER)
    form = {"verdict": "normal", "note": "smooth chromatin"}
    reviewer.submit(f"/review/{screening}", form, at=f"/review/{screening}")
    assert verify(service.database).intact
    return screening


@pytest.mark.parametrize(
    ("tables", "change", "named"),
    [
        ((), "UPDATE case_identifiers SET accession = 'S26-0009' WHERE accession = 'S26-0001'", "case"),
        ((), "UPDATE case_identifiers SET subject = 'P-9' WHERE subject = 'P-2'", "case"),
        ((), "UPDATE case_identifiers SET salt = NULL WHERE subject = 'P-2'", "case"),
        ((), "DELETE FROM case_identifiers WHERE subject = 'P-2'", "case"),
        ((), "UPDATE notes SET text = 'rough chromatin'", "read"),
        ((), "UPDATE notes SET text = NULL", "read"),
        (("reads",), "UPDATE reads SET note_id = NULL", "read"),
        (("cases",), "UPDATE cases SET opened_by = '00000000-0000-4000-8000-000000000001'", "case"),
        (("models",), "UPDATE models SET name = 'a better one'", "model"),
        (("models",), "UPDATE models SET card = '{}'", "model"),
        (("flag_reasons",), "INSERT INTO flag_reasons SELECT id, 'asked_for' FROM screenings", "screening"),
        (("screenings",), "UPDATE screenings SET thresholds = 'not JSON'", "screening"),
        (("screenings",), "UPDATE screenings SET at = 'yesterday'", "screening"),
        (("reads",), "UPDATE reads SET at = 'yesterday'", "read"),
        (("screenings",), "UPDATE screenings SET band = 'none such'", "screening"),
        (("flag_reasons",), "UPDATE flag_reasons SET reason = 'none such'", "screening"),
        (("reads",), "UPDATE reads SET verdict = 'none such'", "read"),
        (("reads",), "UPDATE reads SET blind_verdict = 'none such'", "read"),
        (("reads",), "UPDATE reads SET kind = 'none such'", "read"),
    ],
)
@pytest.mark.usefixtures("case_with_a_note")
def test_an_altered_record_is_named_by_its_kind(
    service: Service, tables: tuple[str, ...], change: str, named: str
) -> None:
    with without_triggers(service.database, *tables) as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text(change))

    broken = verify(service.database).broken
    assert broken
    assert all(fault.startswith(f"{named} ") for fault in broken)


@pytest.mark.parametrize("change", ["detail = 'not JSON'", "at = 'yesterday'", "actor_id = 'nobody'"])
@pytest.mark.usefixtures("case_with_a_note")
def test_a_ledger_row_that_cannot_be_read_is_named_too(service: Service, change: str) -> None:
    with service.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("DROP TRIGGER ledger_refuse_update")
        connection.exec_driver_sql(f"UPDATE ledger SET {change} WHERE position = 3")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("BEGIN")

    assert verify(service.database).broken == ("ledger position 3: it cannot be read",)


@pytest.mark.usefixtures("case_with_a_note")
def test_what_retention_emptied_is_purged_and_not_broken(service: Service) -> None:
    with service.database.engine.begin() as connection:
        connection.execute(text("UPDATE notes SET text = NULL, salt = NULL"))
        connection.execute(
            text("UPDATE case_identifiers SET accession = NULL, subject = NULL, salt = NULL WHERE subject = 'P-1'")
        )

    found = verify(service.database)

    assert found.intact
    assert found.purged == 2


def test_posts_go_on_while_the_records_are_read(service: Service, lab: LabSystem) -> None:
    lab.screen(cell(1))

    with service.database.snapshot() as session:
        session.execute(text("SELECT count(*) FROM ledger"))
        assert lab.screen(cell(2)).status_code == 201
        assert session.scalar(text("SELECT count(*) FROM screenings")) == 1
