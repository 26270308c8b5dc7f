"""What the ledger and a signature once bound stays bound: rows as a database holds them, and their digests of old."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.orm import Session

from app.audit.ledger import hash_of
from app.audit.tables import LedgerRow
from app.audit.verify import UNREADABLE
from app.cases import queries as cases
from app.cases.tables import CaseIdentifierRow, CaseRow, CaseWithdrawalRow
from app.db import Database
from app.policy import queries as policies
from app.policy.tables import PolicyRow
from app.reports import version_queries as versions
from app.reports.content import canonical, sha256_of, told_of_cell
from app.review import comment_queries as comments
from app.review import read_queries as reads
from app.review.queries import reviews_by_id
from app.review.tables import CommentRow, ReadRow
from app.screening import queries as screenings
from app.screening.tables import ModelRow, ScreeningRow
from tests.tampering import without_triggers

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")

AT = datetime(2026, 3, 1, 9, 30, 15, 7, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 10, tzinfo=UTC)
A_HASH = "5f" * 32


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


URSULA, REA, CASE, MODEL, CELL, REFUSED, FIRST, SECOND, COMMENT, NOTE, VERSION, AMENDED = map(_id, range(11, 23))

STORED: dict[str, list[dict[str, Any]]] = {
    "actors": [
        {"id": URSULA, "kind": "clinician", "name": "Ursula"},
        {"id": REA, "kind": "clinician", "name": "Réa"},
    ],
    "cases": [{"id": CASE, "opened_by": URSULA, "opened_at": AT}],
    "case_identifiers": [{"case_id": CASE, "accession": "S26-0001", "subject": "P-1", "salt": "0a" * 32}],
    "notes": [{"id": NOTE, "text": "glatt", "salt": "0b" * 32}],
    "case_priorities": [
        {"id": _id(31), "case_id": CASE, "priority": "urgent", "by_id": REA, "at": AT},
        {"id": _id(32), "case_id": CASE, "priority": "routine", "by_id": URSULA, "at": LATER},
    ],
    "case_withdrawals": [{"case_id": CASE, "by_id": URSULA, "note_id": NOTE, "note_digest": A_HASH, "at": LATER}],
    "models": [
        {
            "id": MODEL,
            "name": "blastscreen-cnn",
            "version": "5",
            "sha256": A_HASH,
            "card_sha256": "6f" * 32,
            "card": {"classes": ["HEM", "ALL"], "share": 0.1},
        }
    ],
    "images": [{"pixels_sha256": "7f" * 32, "width": 450, "height": 450, "stored_at": AT}],
    "screenings": [
        {
            "id": CELL,
            "case_id": CASE,
            "submitted_by": URSULA,
            "received_sha256": A_HASH,
            "pixels_sha256": "7f" * 32,
            "model_id": MODEL,
            "thresholds": {"low": 0.2, "high": 0.8},
            "logit": 0.1,
            "probability": 0.52,
            "band": "uncertain",
            "unusable_reason": None,
            "sandbox": False,
            "policy": 3,
            "at": AT,
        },
        {
            "id": REFUSED,
            "case_id": CASE,
            "submitted_by": URSULA,
            "received_sha256": A_HASH,
            "pixels_sha256": "7f" * 32,
            "model_id": MODEL,
            "thresholds": {"low": 0.2, "high": 0.8},
            "logit": None,
            "probability": None,
            "band": None,
            "unusable_reason": "no_cell",
            "sandbox": True,
            "policy": None,
            "at": LATER,
        },
    ],
    "flag_reasons": [
        {"screening_id": CELL, "reason": "low_confidence"},
        {"screening_id": CELL, "reason": "atypical"},
        {"screening_id": REFUSED, "reason": "asked_for"},
    ],
    "reads": [
        {
            "id": FIRST,
            "screening_id": CELL,
            "submitted_by": URSULA,
            "reader_id": REA,
            "kind": "first",
            "blind_verdict": "cannot_tell",
            "verdict": None,
            "note_id": None,
            "note_digest": None,
            "seconds": None,
            "supersedes_id": None,
            "at": AT,
        },
        {
            "id": SECOND,
            "screening_id": CELL,
            "submitted_by": URSULA,
            "reader_id": REA,
            "kind": "first",
            "blind_verdict": None,
            "verdict": "leukaemic_blast",
            "note_id": NOTE,
            "note_digest": A_HASH,
            "seconds": 12,
            "supersedes_id": FIRST,
            "at": LATER,
        },
    ],
    "comments": [
        {"id": COMMENT, "screening_id": CELL, "by_id": REA, "note_id": NOTE, "note_digest": A_HASH, "at": LATER}
    ],
    "policies": [{"number": 3, "rules": {"blind_first": True, "share": 0.02}, "decided_by": REA, "at": AT}],
    "result_versions": [
        {
            "id": VERSION,
            "case_id": CASE,
            "number": 1,
            "status": "final",
            "canonical_json": '{"é":1}',
            "sha256": A_HASH,
            "supersedes_id": None,
            "position": None,
            "at": AT,
        },
        {
            "id": AMENDED,
            "case_id": CASE,
            "number": 2,
            "status": "amended",
            "canonical_json": "{}",
            "sha256": A_HASH,
            "supersedes_id": VERSION,
            "position": 9,
            "at": LATER,
        },
    ],
    "signatures": [
        {
            "version_id": AMENDED,
            "actor_id": REA,
            "printed_name": "Réa",
            "meaning": "I amend it.",
            "sha256": A_HASH,
            "at": LATER,
        }
    ],
    "ledger": [
        {
            "position": 1,
            "at": AT,
            "actor_id": REA,
            "act": "case.opened",
            "object_kind": "case",
            "object_id": CASE,
            "detail": {"digest": A_HASH, "shown": [1, 0.5]},
            "prev_hash": "0" * 64,
            "hash": A_HASH,
        }
    ],
}
"""By table, in an order that foreign keys allow; every value as its column stores it."""


BOUND = {
    "case": "ce7a04697b034011f9a8417d3bf5f089acb7c3e40e54005b336a9d38f53e9ca4",
    "identifiers": "6e250aa9569797562b6888e6445f6dcbc7ddb9a2a76ed1fb3e419ce74fde1314",
    "priority": "797a2d00a1a0bc1dcf201b468e2b801b4b19aba773c06bc9c9765466c8a4e034",
    "withdrawal": "be5524ff97ef608ba745c181ccd2601494c77690dfe1f70fdb6965b26b2228c7",
    "policy": "5e9dcea3fba20ca293151c9f178e1eda26c910380a43d373c881f4fbd54b7aa2",
    "model": "e01c2b46ff9bc2223427217e1a6e4a2f6c53418b9f6210f0b880cb133c22c257",
    "screening": "19a44ed574fc5e5de85b4e8867fb718a6c7f156811a36c9cf0ce476d1c6c3da5",
    "refused": "56e6bf224a8dbbdcd498fefcfe73fa0dca7bcad63c4d069346b637c8e41f0980",
    "first read": "fec2182ccb0582fc0aa94cb1f76fca65d202733c911d94d22ddf9feb8fc49b04",
    "second read": "cd37f19b4cbed0519e3ce8df5b21526f95763ae189bcc82bf53e8b235421c6c9",
    "comment": "b00b025f15686e0acbd2f232a476e8062fcdd9373bf8b63bc2b08acf1af458d9",
    "versions": "de70da6a46344ff97cc5c3623e155fcf884976cfe5ba8f0ebfd4be0ed5f12d08",
    "event": "35bc253f6a5753e94f7694f1a3551645752cb33ce88e2c6cb968dcd2afa85b6a",
}
SIGNED = "56da9e6d6b6cebe34eae2f4de6afca8d6db7c79a01e9ef0b61b5a0e7864b3613"
"""What the ledger holds of these rows in databases that serve already, and the hash of one cell in a signed text. They
never change: whoever has to change them here has broken every record there is."""


@pytest.fixture
def stored(either_database: Database) -> Database:
    """With rows that went in by the database's own types, not by ours."""
    tables = MetaData()
    tables.reflect(either_database.engine)
    with either_database.engine.begin() as connection:
        for table, stored in STORED.items():
            for row in stored:
                connection.execute(tables.tables[table].insert(), row)
    return either_database


@pytest.fixture
def session(stored: Database) -> Iterator[Session]:
    with stored.reading() as session:
        yield session


def test_what_was_bound_of_a_row_is_what_is_worked_out_of_it_now(session: Session) -> None:
    def row(kind, number):
        return session.get_one(kind, UUID(number))

    assert {
        "case": cases.digest_of(row(CaseRow, CASE)),
        "identifiers": cases.identifiers_digest(row(CaseIdentifierRow, CASE)),
        "priority": cases.priority_digest(cases.priorities(session, [UUID(CASE)])),
        "withdrawal": cases.withdrawal_digest(row(CaseWithdrawalRow, CASE)),
        "policy": policies.digest_of(session.get_one(PolicyRow, 3)),
        "model": screenings.digest_of_model(row(ModelRow, MODEL)),
        "screening": screenings.digest_of(row(ScreeningRow, CELL)),
        "refused": screenings.digest_of(row(ScreeningRow, REFUSED)),
        "first read": reads.digest_of(row(ReadRow, FIRST)),
        "second read": reads.digest_of(row(ReadRow, SECOND)),
        "comment": comments.digest_of(row(CommentRow, COMMENT)),
        "versions": versions.digest_of(session, versions.versions_of(session, UUID(CASE))),
        "event": hash_of(session.get_one(LedgerRow, 1)),
    } == BOUND


def test_what_was_signed_of_a_cell_is_what_its_rows_tell_now(session: Session) -> None:
    screening = session.get_one(ScreeningRow, UUID(CELL))
    review = reviews_by_id(session, [screening.id])[screening.id]
    told = told_of_cell(screening, review=review, reads=reads.history_of(session, screening.id).reads)

    assert sha256_of(canonical(told)) == SIGNED


UNKNOWN = {
    "band": ("screenings", "UPDATE screenings SET band = 'unheard of' WHERE band IS NOT NULL", screenings.facts, CELL),
    "reason": (
        "flag_reasons",
        "UPDATE flag_reasons SET reason = 'unheard of' WHERE reason = 'atypical'",
        screenings.facts,
        CELL,
    ),
    "kind": ("reads", "UPDATE reads SET kind = 'unheard of' WHERE seconds IS NULL", reads.facts, FIRST),
    "own call": ("reads", "UPDATE reads SET blind_verdict = 'unheard of' WHERE seconds IS NULL", reads.facts, FIRST),
    "verdict": ("reads", "UPDATE reads SET verdict = 'unheard of' WHERE seconds = 12", reads.facts, SECOND),
}


@pytest.mark.parametrize("column", UNKNOWN)
def test_a_code_that_is_none_makes_its_own_row_unreadable_and_no_other(stored: Database, column: str) -> None:
    table, change, facts, altered = UNKNOWN[column]
    with stored.reading() as session:
        before = dict(facts(session))

    with without_triggers(stored, table) as connection:
        connection.execute(text(change))

    with stored.reading() as session:
        assert dict(facts(session)) == before | {altered: UNREADABLE}


def test_a_priority_that_is_none_changes_what_is_worked_out_of_its_case(stored: Database) -> None:
    with without_triggers(stored, "case_priorities") as connection:
        connection.execute(text("UPDATE case_priorities SET priority = 'unheard of' WHERE priority = 'urgent'"))

    with stored.reading() as session:
        ((case_id, worked_out),) = cases.priority_facts(session)
    assert case_id == CASE
    assert worked_out != BOUND["priority"]
