"""Blind first: what a reader must not see of a cell while their own call on it is due."""

from uuid import UUID, uuid4

import pytest

from app import clock
from app.accounts.rules import Role
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.cases.actions import write_note
from app.cases.tables import CaseWithdrawalRow
from app.db import Database
from app.policy.rules import Policy
from app.policy.tables import PolicyRow
from app.review.queries import hidden_from
from app.review.tables import ReadRow
from app.screening import actions
from app.screening.actions import Submission
from app.screening.instrument import Instrument
from app.screening.tables import ScreeningRow
from tests.factories import cell, make_user
from tests.fakes import FakeClassifier


@pytest.fixture
def uploader(either_database: Database) -> Actor:
    return make_user(either_database, "ursula", Role.UPLOADER, Role.REVIEWER)


@pytest.fixture
def reader(either_database: Database) -> Actor:
    return make_user(either_database, "rea", Role.REVIEWER)


@pytest.fixture
def unsure(
    either_database: Database, instrument: Instrument, classifier: FakeClassifier, uploader: Actor
) -> ScreeningRow:
    classifier.probability = classifier.unsure
    return screened(either_database, instrument, uploader)


def screened(database: Database, instrument: Instrument, uploader: Actor, seed: int = 1) -> ScreeningRow:
    with database.writing() as session:
        return actions.screen_cell(
            session, uploader, instrument=instrument, submission=Submission(cell(seed))
        ).screening


def hidden(database: Database, actor: Actor, *screenings: ScreeningRow) -> set[UUID]:
    with database.reading() as session:
        return hidden_from(session, actor, [one.id for one in screenings])


def keep_read(database: Database, screening: ScreeningRow, reader: Actor, *, verdict: str | None) -> None:
    """A read as a row, whatever the acts would say to it."""
    with database.writing() as session:
        session.add(
            ReadRow(
                id=uuid4(),
                screening_id=screening.id,
                submitted_by=screening.submitted_by,
                reader_id=reader.id,
                kind="first",
                blind_verdict="normal",
                verdict=verdict,
                at=clock.now(),
            )
        )


def test_a_cell_that_waits_is_hidden_from_its_readers_and_from_nobody_else(
    either_database: Database, uploader: Actor, reader: Actor, unsure: ScreeningRow
) -> None:
    auditor = make_user(either_database, "aude", Role.AUDITOR, Role.UPLOADER)
    senior = make_user(either_database, "sam", Role.SENIOR)

    assert hidden(either_database, reader, unsure) == {unsure.id}
    assert hidden(either_database, senior, unsure) == {unsure.id}
    assert hidden(either_database, uploader, unsure) == set(), "who uploaded a cell never reads it"
    assert hidden(either_database, auditor, unsure) == set()


def test_a_cell_that_waits_for_nobody_is_not_hidden(
    either_database: Database, instrument: Instrument, classifier: FakeClassifier, uploader: Actor, reader: Actor
) -> None:
    classifier.probability = 0.99

    assert hidden(either_database, reader, screened(either_database, instrument, uploader)) == set()
    assert hidden(either_database, reader) == set()


def test_a_blind_call_lifts_the_veil_for_who_made_it_alone(
    either_database: Database, reader: Actor, unsure: ScreeningRow
) -> None:
    other = make_user(either_database, "lars", Role.REVIEWER)

    keep_read(either_database, unsure, reader, verdict=None)

    assert hidden(either_database, reader, unsure) == set()
    assert hidden(either_database, other, unsure) == {unsure.id}


def test_neither_a_first_read_nor_a_dispute_shows_the_cell_to_who_has_not_opened_it(
    either_database: Database, reader: Actor, unsure: ScreeningRow
) -> None:
    lars, mia = make_user(either_database, "lars", Role.REVIEWER), make_user(either_database, "mia", Role.REVIEWER)
    senior = make_user(either_database, "sam", Role.SENIOR)

    keep_read(either_database, unsure, lars, verdict="normal")
    assert hidden(either_database, reader, unsure) == {unsure.id}

    keep_read(either_database, unsure, mia, verdict="leukaemic_blast")
    assert hidden(either_database, senior, unsure) == {unsure.id}, "it may yet come to them as one to read blind"
    assert hidden(either_database, reader, unsure) == {unsure.id}

    with either_database.writing() as session:
        ledger.record(session, senior, Event(Act.CELL_OPENED, "screening", str(unsure.id), {"awaits": "senior"}))
    assert hidden(either_database, senior, unsure) == set(), "who opened it to decide sees all there is"


def test_nothing_is_hidden_where_the_policy_does_not_ask_for_blind_reads(
    either_database: Database, reader: Actor, unsure: ScreeningRow
) -> None:
    with either_database.writing() as session:
        rules = Policy(blind_first=False).as_json()
        session.add(PolicyRow(number=1, rules=rules, decided_by=reader.id, at=clock.now()))

    assert hidden(either_database, reader, unsure) == set()


def test_the_cells_of_a_withdrawn_case_are_not_read_and_so_not_hidden(
    either_database: Database, uploader: Actor, reader: Actor, unsure: ScreeningRow
) -> None:
    with either_database.writing() as session:
        note_id, note_digest = write_note(session, text="wrong specimen")
        session.add(
            CaseWithdrawalRow(
                case_id=unsure.case_id, by_id=uploader.id, note_id=note_id, note_digest=note_digest, at=clock.now()
            )
        )

    assert hidden(either_database, reader, unsure) == set()


def test_many_are_asked_for_at_once(either_database: Database, reader: Actor, unsure: ScreeningRow) -> None:
    with either_database.reading() as session:
        assert hidden_from(session, reader, [*(uuid4() for _ in range(1200)), unsure.id]) == {unsure.id}
