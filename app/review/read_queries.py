"""What readers said of each cell, and what it comes to."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.events import Act
from app.audit.queries import every_row
from app.audit.tables import LedgerRow
from app.audit.verify import recomputed
from app.cases.queries import is_withdrawn, note_digest, note_text
from app.db import in_parts
from app.policy import queries as policies
from app.policy.rules import READS_MOST
from app.review.rules import Awaits, Call, Conclusion, ReadKind, conclude
from app.review.tables import ReadRequestRow, ReadRow
from app.screening.tables import ScreeningRow


@dataclass(frozen=True)
class History:
    """All that readers said of one cell and every further read that was asked for, oldest first, and what it comes
    to. `seen`: by which seniors, and when last, it was opened to decide between its readers."""

    reads: tuple[ReadRow, ...]
    needed: int
    requests: tuple[ReadRequestRow, ...] = ()
    seen: Mapping[UUID, datetime] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[ReadRow, ...]:
        """The final calls that were neither withdrawn nor replaced."""
        replaced = {read.supersedes_id for read in self.reads}
        return tuple(read for read in self.reads if read.verdict is not None and read.id not in replaced)

    @property
    def concluded(self) -> Conclusion:
        calls = [
            Call(read.verdict, read.kind == ReadKind.ADJUDICATION, contested=self.is_contested(read))
            for read in self.standing
            if read.verdict
        ]
        return conclude(calls, needed=self.needed)

    @property
    def settled_by(self) -> ReadRow | None:
        """The call that settled it; None where it is not settled."""
        if self.concluded.verdict is None:
            return None
        fresh = [read for read in self.standing if not self.is_contested(read)]
        return next((read for read in fresh if read.kind == ReadKind.ADJUDICATION), fresh[-1])

    def is_contested(self, read: ReadRow) -> bool:
        """Whether it had settled the cell, and another read was asked for since."""
        return any(request.contests_id == read.id for request in self.requests)

    def keeps_out(self, reader_id: UUID) -> bool:
        """Whether somebody gives no independent read of it, as `kept_out` has it."""
        decided = any(read.kind == ReadKind.ADJUDICATION for read in self.by(reader_id))
        return decided or reader_id in self.seen or any(request.by_id == reader_id for request in self.requests)

    def by(self, reader_id: UUID) -> tuple[ReadRow, ...]:
        return tuple(read for read in self.reads if read.reader_id == reader_id)


def history_of(session: Session, screening_id: UUID) -> History:
    return histories_of(session, [screening_id])[screening_id]


def histories_of(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, History]:
    found: dict[UUID, History] = {}
    for some in in_parts(screening_ids):
        reads, needed, asked = _reads_of(session, some), reads_needed(session, some), _requests_of(session, some)
        seen = _seen_of(session, [one for one in some if sum(read.verdict is not None for read in reads[one]) > 1])
        found |= {one: _history(reads[one], needed[one], asked[one], seen.get(one, {})) for one in some}
    return found


def _history(
    reads: list[ReadRow], needed: int, requests: list[ReadRequestRow], seen: Mapping[UUID, datetime]
) -> History:
    return History(tuple(reads), max([needed, *(one.reads_needed for one in requests)]), tuple(requests), seen)


def _reads_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, list[ReadRow]]:
    rows = select(ReadRow).where(ReadRow.screening_id.in_(screening_ids)).order_by(ReadRow.at, ReadRow.id)
    reads: dict[UUID, list[ReadRow]] = {screening_id: [] for screening_id in screening_ids}
    for row in session.scalars(rows):
        reads[row.screening_id].append(row)
    return reads


def _requests_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, list[ReadRequestRow]]:
    rows = select(ReadRequestRow).where(ReadRequestRow.screening_id.in_(screening_ids))
    requests: dict[UUID, list[ReadRequestRow]] = {screening_id: [] for screening_id in screening_ids}
    for row in session.scalars(rows.order_by(ReadRequestRow.at, ReadRequestRow.id)):
        requests[row.screening_id].append(row)
    return requests


def _seen_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    seen: dict[UUID, dict[UUID, datetime]] = {}
    if screening_ids:
        rows = select(LedgerRow.object_id, LedgerRow.actor_id, LedgerRow.at).where(
            LedgerRow.object_kind == "screening",
            LedgerRow.object_id.in_([str(one) for one in screening_ids]),
            _opened_to_decide(),
        )
        for screening_id, reader_id, at in session.execute(rows.order_by(LedgerRow.position)):
            seen.setdefault(UUID(screening_id), {})[reader_id] = at
    return seen


@cache
def _opened_to_decide() -> ColumnElement[bool]:
    """Of an event of the ledger: whether it opened a cell whose readers differ, and so showed what they found."""
    return and_(LedgerRow.act == Act.CELL_OPENED, LedgerRow.detail["awaits"].as_string() == Awaits.SENIOR)


def reads_needed(session: Session, screening_ids: list[UUID]) -> dict[UUID, int]:
    """How many independent reads each has to have, by the policy that it was screened under; 0 where not flagged."""
    flagged = select(ScreeningRow.id, ScreeningRow.band, ScreeningRow.policy).where(ScreeningRow.reasons.any())
    found = session.execute(flagged.where(ScreeningRow.id.in_(screening_ids))).all()
    judged_by = policies.judged_by(session, {number for _, _, number in found})
    return dict.fromkeys(screening_ids, 0) | {one: judged_by[number].reads_needed(band) for one, band, number in found}


def given_by(reader_id: UUID, *, screening_id: InstrumentedAttribute[UUID] | UUID = ScreeningRow.id) -> Select[UUID]:
    """The rows of this reader on a screening, or on the one of the enclosing select. They are picked out by a `case`,
    which no index answers: else SQLite goes through all that this reader ever read, for each screening anew."""
    theirs = case((ReadRow.reader_id == reader_id, 1), else_=0) == 1
    return select(ReadRow.id).where(ReadRow.screening_id == screening_id, theirs)


def senders(session: Session, screening: ScreeningRow) -> set[UUID]:
    """Who ever sent its image in, in whichever case: nobody reads what they uploaded."""
    rows = select(ScreeningRow.submitted_by).where(ScreeningRow.pixels_sha256 == screening.pixels_sha256)
    return set(session.scalars(rows.distinct()))


def has_sent(session: Session, actor_id: UUID, screening: ScreeningRow) -> bool:
    return actor_id in senders(session, screening)


def sent_by(actor_id: UUID, *, of: type[ScreeningRow] = ScreeningRow) -> ColumnElement[bool]:
    """Of the screening, or that of this name, in the enclosing select: whether this actor is among its `senders`."""
    same = aliased(ScreeningRow)
    rows = select(same.id).where(same.pixels_sha256 == of.pixels_sha256, same.submitted_by == actor_id)
    return rows.correlate(of).exists()


@cache
def stands() -> ColumnElement[bool]:
    """Whether no later row of the same reader takes a read's place."""
    later = aliased(ReadRow)
    superseding = select(later.id).where(later.screening_id == ReadRow.screening_id, later.supersedes_id == ReadRow.id)
    return ~superseding.exists()


@cache
def disputed() -> ColumnElement[bool]:
    """Whether an open screening has its reads and they differ: it waits for a senior. At most two reads are due, or as
    many as the last request for another said."""
    calls = select(func.count()).select_from(ReadRow)
    calls = calls.where(ReadRow.screening_id == ScreeningRow.id, ReadRow.verdict.is_not(None), stands())
    calls = calls.where(ReadRow.kind != ReadKind.ADJUDICATION)
    asked = select(func.max(ReadRequestRow.reads_needed)).where(ReadRequestRow.screening_id == ScreeningRow.id)
    needed = func.coalesce(asked.correlate(ScreeningRow).scalar_subquery(), READS_MOST)
    return calls.correlate(ScreeningRow).scalar_subquery() >= needed


@cache
def contested() -> ColumnElement[bool]:
    """Of a read in the enclosing select: whether another was asked for after it had settled its cell."""
    asked = select(ReadRequestRow.id).where(ReadRequestRow.contests_id == ReadRow.id)
    return asked.correlate(ReadRow).exists()


def kept_out(reader_id: UUID, *, of: type[ScreeningRow] = ScreeningRow) -> ColumnElement[bool]:
    """Of the screening, or that of this name, in the enclosing select: whether this reader gives no independent read of
    it (any more). Who asked for another has said what they think; and a senior who decided between its readers, or
    opened it to decide, knows what they said."""
    asked = select(ReadRequestRow.id).where(ReadRequestRow.screening_id == of.id)
    decided = given_by(reader_id, screening_id=of.id).where(ReadRow.kind == ReadKind.ADJUDICATION)
    opened = select(LedgerRow.position).where(
        LedgerRow.object_kind == "screening",
        LedgerRow.object_id == of.id,
        LedgerRow.actor_id == reader_id,
        _opened_to_decide(),
    )
    return or_(
        asked.where(ReadRequestRow.by_id == reader_id).correlate(of).exists(),
        decided.correlate(of).exists(),
        and_(_was_read(of), opened.correlate(of).exists()),
    )


def _was_read(of: type[ScreeningRow]) -> ColumnElement[bool]:
    """Whether it ever had a final call. What the ledger tells of one that has none may be long, where a lab system
    looks every few seconds whether it was read; nobody has to go through that."""
    calls = select(ReadRow.id).where(ReadRow.screening_id == of.id, ReadRow.verdict.is_not(None))
    return calls.correlate(of).exists()


def last_call(session: Session, reader_id: UUID, *, since: datetime) -> ReadRow | None:
    """The newest final call of this reader since then that stands, in a case that was not withdrawn."""
    calls = select(ReadRow).join(ScreeningRow, ScreeningRow.id == ReadRow.screening_id)
    calls = calls.where(ReadRow.reader_id == reader_id, ReadRow.at > since, ~is_withdrawn(ScreeningRow.case_id))
    calls = calls.where(ReadRow.verdict.is_not(None), stands())
    return session.scalars(calls.order_by(ReadRow.at.desc()).limit(1)).first()


def reads_shown(session: Session, actor: Actor, screening_id: UUID) -> list[ReadRow]:
    """The final calls on a cell, and their withdrawals, that a result may show this actor: all once it is settled, and
    until then their own alone, so that no reader goes by another's."""
    found = history_of(session, screening_id)
    told = [read for read in found.reads if read.verdict or read.kind == ReadKind.WITHDRAWAL]
    settled = found.concluded.awaits is Awaits.NOBODY
    return [read for read in told if settled or read.reader_id == actor.id]


def note_of(session: Session, read: ReadRow) -> str:
    """What a reader wrote beside a call; empty where there is none, or it was purged."""
    return (note_text(session, read.note_id) or "") if read.note_id else ""


def digest_of(read: ReadRow) -> str:
    return digest(
        told_of(
            read,
            "id",
            "screening_id",
            "submitted_by",
            "reader_id",
            "kind",
            "blind_verdict",
            "verdict",
            "note_digest",
            "seconds",
            "supersedes_id",
            "at",
        )
    )


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every read with its digest recomputed, for `audit verify`."""
    return recomputed(session, ReadRow, ReadRow.id, digest_of)


def note_facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every read that came with a note, with the note's digest recomputed."""
    for key, row in every_row(session, ReadRow, ReadRow.id):
        if row and row.note_digest:
            yield key, note_digest(session, row.note_id)
