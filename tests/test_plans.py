"""What is asked by time is found by an index, however many rows there are of other times."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.actor import Actor, ActorKind, Permission
from app.cases import queries as case_queries
from app.cases.tables import CaseIdentifierRow, CaseRow
from app.db import Database
from app.review import figures_queries, queries, queue_queries, read_queries
from app.review.desk_rules import Filters

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def _plan(database: Database, ask: Callable[[Session], object]) -> str:
    """How SQLite goes about the statements of `ask`, a step a line."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    with database.reading() as session:
        ask(session)
        steps = [
            step
            for statement, parameters in list(asked)
            for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    return "\n".join(step.detail for step in steps)


BY_TIME: dict[str, tuple[Callable[[Session], object], str]] = {
    "last call": (
        lambda session: read_queries.last_call(session, uuid4(), since=SINCE),
        "reads USING INDEX ix_reads_reader_id_at (reader_id=? AND at>?)",
    ),
    "calls": (lambda session: figures_queries.calls(session, since=SINCE), "reads USING INDEX ix_reads_at (at>?)"),
    "tallies": (
        lambda session: figures_queries.tallies(session, since=SINCE),
        "screenings USING INDEX ix_screenings_at (at>?)",
    ),
    "drawn": (
        lambda session: figures_queries.sampled(session, since=SINCE),
        "screenings USING INDEX ix_screenings_at (at>?)",
    ),
    "usable cells": (
        lambda session: figures_queries.usable_cells(session, since=SINCE),
        "cases USING INDEX ix_cases_opened_at (opened_at>?)",
    ),
}
"""A question, and the step of its plan that goes by time."""


def test_a_case_is_found_by_its_number_with_an_index(database: Database) -> None:
    plan = _plan(database, lambda session: case_queries.by_accession(session, "S26-0001"))

    assert "SEARCH case_identifiers USING INDEX ix_case_identifiers_accession_folded (<expr>=?)" in plan, plan


def test_the_cases_of_a_subject_are_found_with_an_index(database: Database) -> None:
    case = CaseRow(identifiers=CaseIdentifierRow(subject="P-7"))
    plan = _plan(database, lambda session: case_queries.of_same_subject(session, case))

    assert "SEARCH case_identifiers USING INDEX ix_case_identifiers_subject_folded (<expr>=?)" in plan, plan


@pytest.mark.parametrize("question", BY_TIME)
def test_what_is_asked_by_time_is_found_by_an_index(database: Database, question: str) -> None:
    ask, by_time = BY_TIME[question]
    plan = _plan(database, ask)

    assert f"SEARCH {by_time}" in plan, plan


REA = Actor(ActorKind.CLINICIAN, uuid4(), "Rea", frozenset({Permission.READ, Permission.ADJUDICATE}))
BY_SCREENING: dict[str, Callable[[Session], object]] = {
    "queue": lambda session: _queue(session, queue_queries.reader_of(session, REA)),
    "what waits blind": lambda session: queries.hidden_in_cases(session, REA, [uuid4()]),
}


def _queue(session: Session, reader: queue_queries.Reader) -> None:
    queue_queries.queue(session, reader, Filters(whose="begun"), offset=0, limit=50)
    queue_queries.counts(session, reader)
    queue_queries.marks(session, reader, [uuid4()])


@pytest.mark.parametrize("question", BY_SCREENING)
def test_a_queue_is_no_slower_for_who_has_read_much_nor_where_much_was_screened(
    database: Database, question: str
) -> None:
    plan = _plan(database, BY_SCREENING[question])

    assert "reads USING INDEX ix_reads_screening_id_at (screening_id=?)" in plan, plan
    assert "ix_reads_reader_id_at" not in plan, plan
    assert "ledger USING INDEX ix_ledger_object (object_kind=? AND object_id=?)" in plan, plan
    assert "ix_ledger_actor_id" not in plan, plan
    assert "SCAN screenings" not in plan, plan
