"""Reading the ledger."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.audit.events import SEVERAL, Act
from app.audit.tables import LedgerRow
from app.db import Base, in_parts

A_BATCH = 500
Row = TypeVar("Row", bound=Base)


def head(session: Session) -> LedgerRow | None:
    return session.scalars(select(LedgerRow).order_by(LedgerRow.position.desc()).limit(1)).first()


def every_row(session: Session, kind: type[Row], key: InstrumentedAttribute[Any]) -> Iterator[tuple[Any, Row | None]]:
    """(key, row) of a whole table in the order of its key, some hundred at a time and not kept; None for a row that
    cannot be read, because somebody put something into it that is none of its column's values."""
    plain = key if kind is LedgerRow else type_coerce(key, String)
    following = select(plain).order_by(plain).limit(A_BATCH)
    keys = list(session.scalars(following))
    while keys:
        wanted = select(kind).where(plain.in_(keys)).order_by(plain)
        try:
            rows: list[Row | None] = list(session.scalars(wanted).unique())
        except (ValueError, TypeError):
            rows = [_readable(session, kind, plain == one) for one in keys]
        yield from zip(keys, rows, strict=True)
        session.expunge_all()
        keys = list(session.scalars(following.where(plain > keys[-1])))


def _readable(session: Session, kind: type[Row], is_it: ColumnElement[bool]) -> Row | None:
    try:
        return session.scalars(select(kind).where(is_it)).unique().one()
    except (ValueError, TypeError):
        return None


def at(session: Session, position: int) -> LedgerRow | None:
    return session.get(LedgerRow, position)


def last_told(session: Session, *, object_kind: str, object_id: str, name: str) -> object:
    """What the newest event of an object that has `name` in its detail says there; None where no event has it."""
    of_object = select(LedgerRow.detail).where(LedgerRow.object_kind == object_kind, LedgerRow.object_id == object_id)
    newest_first = session.scalars(of_object.order_by(LedgerRow.position.desc()))
    return next((detail[name] for detail in newest_first if name in detail), None)


def released_at(session: Session, case_id: UUID) -> datetime | None:
    """When the case was last signed, as every room below the reports may ask; None where it never was."""
    signed = _times("case", case_id, Act.CASE_SIGNED, Act.CASE_AMENDED)
    return session.scalars(signed.order_by(LedgerRow.position.desc()).limit(1)).first()


def flagged_later_at(session: Session, screening_id: UUID) -> datetime | None:
    """When a human was first asked for after the screening; None where none was."""
    asked = _times("screening", screening_id, Act.READ_ASKED_FOR, Act.SAME_IMAGE_FOUND)
    return session.scalars(asked.order_by(LedgerRow.position).limit(1)).first()


def _times(object_kind: str, object_id: UUID, *acts: Act) -> Select[datetime]:
    of_object = select(LedgerRow.at).where(LedgerRow.object_kind == object_kind, LedgerRow.object_id == str(object_id))
    return of_object.where(LedgerRow.act.in_(acts))


def page(session: Session, *, before: int | None, limit: int) -> list[LedgerRow]:
    """The newest rows first, from just under position `before`."""
    newest = select(LedgerRow).order_by(LedgerRow.position.desc()).limit(limit)
    if before is not None:
        newest = newest.where(LedgerRow.position < before)
    return list(session.scalars(newest))


def about(session: Session, *, case_ids: list[str], screening_ids: list[str], limit: int) -> list[LedgerRow]:
    """The newest events about these cases and screenings: what was done to them, and who was shown them."""
    found: dict[int, LedgerRow] = {}
    for kind, ids in (("case", case_ids), ("screening", screening_ids)):
        for some in in_parts(ids):
            of_object = select(LedgerRow).where(LedgerRow.object_kind == kind, LedgerRow.object_id.in_(some))
            found |= {row.position: row for row in session.scalars(of_object)}
    for some in in_parts(screening_ids):
        reads = select(LedgerRow).where(
            LedgerRow.object_kind.in_(("read", "read_request", "comment")),
            LedgerRow.detail["screening"].as_string().in_(some),
        )
        found |= {row.position: row for row in session.scalars(reads)}
    found |= {row.position: row for row in _shown_among_others(session, {*case_ids, *screening_ids})}
    return heapq.nlargest(limit, found.values(), key=lambda row: row.position)


def _shown_among_others(session: Session, ids: set[str]) -> Iterator[LedgerRow]:
    """Replies that showed several, these among them: their ids stand in the detail, which is looked through."""
    kinds = ("case", "screening")
    rows = select(LedgerRow).where(LedgerRow.object_kind.in_(kinds), LedgerRow.object_id == SEVERAL)
    for row in session.scalars(rows.execution_options(yield_per=A_BATCH)):
        if not ids.isdisjoint([*row.detail["shown"], row.detail.get("case")]):
            yield row
