"""The queue of one reader: what waits for them, in which order, and how much of what."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor, Permission
from app.cases.queries import is_urgent, is_withdrawn
from app.cases.tables import CaseRow
from app.db import in_parts
from app.leases import LeaseRow
from app.policy import queries as policies
from app.policy.rules import Policy
from app.review.desk_queries import READING
from app.review.desk_rules import Filters, order_for
from app.review.read_queries import contested, disputed, given_by, kept_out, sent_by, stands
from app.review.rules import ReadKind
from app.review.tables import DraftRow, HandingRow, PostponementRow, ReadRow
from app.screening.queries import band_code
from app.screening.tables import FlagReasonRow, OpenFlagRow, ScreeningRow


@dataclass(frozen=True)
class Reader:
    """Whose queue it is, by which policy, and when it is looked at."""

    actor: Actor
    policy: Policy
    now: datetime

    @property
    def overdue_before(self) -> datetime:
        return self.now - self.policy.turnaround


def reader_of(session: Session, actor: Actor) -> Reader:
    return Reader(actor, policies.current(session), clock.now())


def queue(session: Session, reader: Reader, filters: Filters, *, offset: int, limit: int) -> list[ScreeningRow]:
    """What this reader may take up now, the most urgent first."""
    rows = _listed(reader, filters).order_by(*_order(reader))
    return list(session.scalars(rows.offset(offset).limit(limit)))


def upcoming(session: Session, reader: Reader, filters: Filters, *, limit: int) -> list[UUID]:
    rows = _listed(reader, filters).order_by(*_order(reader)).limit(limit)
    return list(session.scalars(rows.with_only_columns(ScreeningRow.id)))


@dataclass(frozen=True)
class Counts:
    """How many cells wait for this reader; how many of them are what; and how many wait, but not for them now."""

    waiting: int
    urgent: int
    overdue: int
    handed: int
    begun: int
    disputes: int
    postponed: int
    held: int
    own: int


def counts(session: Session, reader: Reader) -> Counts:
    def how_many(rows: Select[Any]) -> int:
        return session.scalar(rows.with_only_columns(func.count())) or 0

    now = _now(reader)
    sums = [
        func.coalesce(func.sum(case((which, 1), else_=0)), 0)
        for which in (is_urgent(), _overdue(reader), _handed_to(reader), _begun(reader), disputed())
    ]
    told = session.execute(now.with_only_columns(func.count(), *sums)).one()
    theirs = _theirs(reader)
    besides = (
        theirs.where(_postponed(reader), ~_held_by_other(reader)),
        theirs.where(_held_by_other(reader)),
        _every_open().where(sent_by(reader.actor.id)),
    )
    return Counts(*(int(one) for one in told), *(how_many(rows) for rows in besides))


@dataclass(frozen=True)
class Marks:
    """What the list tells of each cell, besides the score."""

    urgent: frozenset[UUID]
    overdue: frozenset[UUID]
    handed: frozenset[UUID]
    begun: frozenset[UUID]
    drafts: frozenset[UUID]
    disputed: frozenset[UUID]


def marks(session: Session, reader: Reader, screening_ids: Collection[UUID]) -> Marks:
    def which(is_it: ColumnElement[bool]) -> frozenset[UUID]:
        rows = _open().with_only_columns(ScreeningRow.id).where(is_it)
        return frozenset(
            one for some in in_parts(screening_ids) for one in session.scalars(rows.where(ScreeningRow.id.in_(some)))
        )

    return Marks(
        urgent=which(is_urgent()),
        overdue=which(_overdue(reader)),
        handed=which(_handed_to(reader)),
        begun=which(_begun(reader)),
        drafts=which(_drafted(reader)),
        disputed=which(disputed()),
    )


def waiting_since(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """From when on each of them waits for a read."""
    flagged = select(OpenFlagRow).where(OpenFlagRow.screening_id.in_(screening_ids))
    return {row.screening_id: row.flagged_at for row in session.scalars(flagged)}


@cache
def _open() -> Select[Any]:
    rows = select(ScreeningRow).join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id)
    return rows.join(CaseRow, CaseRow.id == ScreeningRow.case_id).where(~is_withdrawn())


@cache
def _every_open() -> Select[Any]:
    """All that are open, begun from the flags: SQLite would else go through every screening that there ever was."""
    return _open().where(ScreeningRow.id.in_(select(OpenFlagRow.screening_id)))


def _theirs(reader: Reader) -> Select[Any]:
    """Open, uploaded by somebody else, not read by this reader, not handed on to another; a dispute is for seniors."""
    rows = _every_open().where(~sent_by(reader.actor.id), ~_read(reader), ~_handed_to_other(reader))
    independent = and_(~disputed(), ~kept_out(reader.actor.id))
    return rows.where(or_(disputed(), independent) if reader.actor.may(Permission.ADJUDICATE) else independent)


def _now(reader: Reader) -> Select[Any]:
    return _theirs(reader).where(~_held_by_other(reader), ~_postponed(reader))


def _listed(reader: Reader, filters: Filters) -> Select[Any]:
    if filters.whose == "postponed":
        rows = _theirs(reader).where(~_held_by_other(reader), _postponed(reader))
    else:
        rows = _now(reader)
    wanted = filters.blind() if reader.policy.blind_first else filters
    if wanted.priority:
        rows = rows.where(is_urgent())
    if wanted.due:
        rows = rows.where(_overdue(reader))
    if wanted.whose in ("handed", "begun", "dispute"):
        rows = rows.where({"handed": _handed_to(reader), "begun": _begun(reader), "dispute": disputed()}[wanted.whose])
    if wanted.band:
        rows = rows.where(band_code() == wanted.band)
    if wanted.reason:
        given = select(FlagReasonRow.reason).where(FlagReasonRow.screening_id == ScreeningRow.id)
        rows = rows.where(given.where(FlagReasonRow.reason == wanted.reason).exists())
    return rows


def _order(reader: Reader) -> list[ColumnElement[Any]]:
    """Total and stable. Blind, it tells nothing of the score, and is another for each reader."""
    urgency: list[ColumnElement[Any]] = [is_urgent().desc(), _overdue(reader).desc()]
    if reader.policy.blind_first:
        neutral = [func.substr(ScreeningRow.id, place, 1) for place in order_for(reader.actor.id)]
        return [*urgency, *neutral, ScreeningRow.id.asc()]
    return [*urgency, OpenFlagRow.certainty.asc(), OpenFlagRow.flagged_at.asc(), ScreeningRow.id.asc()]


def _overdue(reader: Reader) -> ColumnElement[bool]:
    return OpenFlagRow.flagged_at < reader.overdue_before


def _read(reader: Reader) -> ColumnElement[bool]:
    """A senior's word against which another read was asked for does not count: they may give it anew."""
    by_them = given_by(reader.actor.id).where(ReadRow.verdict.is_not(None), stands())
    return by_them.where(~and_(ReadRow.kind == ReadKind.ADJUDICATION, contested())).correlate(ScreeningRow).exists()


def _begun(reader: Reader) -> ColumnElement[bool]:
    """Their blind call is given and their final call is not (or was withdrawn)."""
    return given_by(reader.actor.id).correlate(ScreeningRow).exists() & ~_read(reader)


def _drafted(reader: Reader) -> ColumnElement[bool]:
    drafts = select(DraftRow.at).where(DraftRow.screening_id == ScreeningRow.id)
    return drafts.where(DraftRow.reader_id == reader.actor.id).correlate(ScreeningRow).exists()


def _postponed(reader: Reader) -> ColumnElement[bool]:
    put_off = select(PostponementRow.until).where(PostponementRow.screening_id == ScreeningRow.id)
    theirs = put_off.where(PostponementRow.reader_id == reader.actor.id, PostponementRow.until > reader.now)
    return theirs.correlate(ScreeningRow).exists()


def _handed_to(reader: Reader) -> ColumnElement[bool]:
    handed = select(HandingRow.at).where(HandingRow.screening_id == ScreeningRow.id)
    return handed.where(HandingRow.to_id == reader.actor.id).correlate(ScreeningRow).exists()


def _handed_to_other(reader: Reader) -> ColumnElement[bool]:
    """For the time of a turnaround it is theirs alone; then it is everybody's again, or it might wait for ever."""
    handed = select(HandingRow.at).where(HandingRow.screening_id == ScreeningRow.id)
    others = handed.where(HandingRow.to_id != reader.actor.id, HandingRow.at > reader.overdue_before)
    return others.correlate(ScreeningRow).exists()


def _held_by_other(reader: Reader) -> ColumnElement[bool]:
    held = select(LeaseRow.token).where(LeaseRow.kind == literal(READING), LeaseRow.item_id == ScreeningRow.id)
    others = held.where(LeaseRow.holder_id != reader.actor.id, LeaseRow.until > reader.now)
    return others.correlate(ScreeningRow).exists()
