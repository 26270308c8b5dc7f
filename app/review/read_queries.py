"""What readers said of each cell, and what it comes to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.queries import every_row
from app.audit.verify import recomputed
from app.cases.queries import note_digest, note_text
from app.db import in_parts
from app.policy import queries as policies
from app.policy.rules import READS_MOST
from app.review.rules import Awaits, Call, Conclusion, ReadKind, conclude
from app.review.tables import ReadRow
from app.screening.tables import ScreeningRow


@dataclass(frozen=True)
class History:
    """All that readers said of one cell, oldest first, and what it comes to."""

    reads: tuple[ReadRow, ...]
    needed: int

    @property
    def standing(self) -> tuple[ReadRow, ...]:
        """The final calls that were neither withdrawn nor replaced."""
        replaced = {read.supersedes_id for read in self.reads}
        return tuple(read for read in self.reads if read.verdict is not None and read.id not in replaced)

    @property
    def concluded(self) -> Conclusion:
        found = [(read.verdict, read.kind) for read in self.standing if read.verdict]
        calls = [Call(verdict, kind == ReadKind.ADJUDICATION) for verdict, kind in found]
        return conclude(calls, needed=self.needed)

    def by(self, reader_id: UUID) -> tuple[ReadRow, ...]:
        return tuple(read for read in self.reads if read.reader_id == reader_id)


def history_of(session: Session, screening_id: UUID) -> History:
    return histories_of(session, [screening_id])[screening_id]


def histories_of(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, History]:
    found: dict[UUID, History] = {}
    for some in in_parts(screening_ids):
        reads, needed = _reads_of(session, some), reads_needed(session, some)
        found |= {one: History(tuple(reads[one]), needed[one]) for one in some}
    return found


def _reads_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, list[ReadRow]]:
    rows = select(ReadRow).where(ReadRow.screening_id.in_(screening_ids)).order_by(ReadRow.at, ReadRow.id)
    reads: dict[UUID, list[ReadRow]] = {screening_id: [] for screening_id in screening_ids}
    for row in session.scalars(rows):
        reads[row.screening_id].append(row)
    return reads


def reads_needed(session: Session, screening_ids: list[UUID]) -> dict[UUID, int]:
    """How many independent reads each has to have, by the policy that it was screened under; 0 where not flagged."""
    flagged = select(ScreeningRow.id, ScreeningRow.band, ScreeningRow.policy).where(ScreeningRow.reasons.any())
    found = session.execute(flagged.where(ScreeningRow.id.in_(screening_ids))).all()
    judged_by = policies.judged_by(session, {number for _, _, number in found})
    return dict.fromkeys(screening_ids, 0) | {one: judged_by[number].reads_needed(band) for one, band, number in found}


def stands() -> ColumnElement[bool]:
    """Whether no later row of the same reader takes a read's place."""
    later = aliased(ReadRow)
    superseding = select(later.id).where(later.screening_id == ReadRow.screening_id, later.supersedes_id == ReadRow.id)
    return ~superseding.exists()


def disputed() -> ColumnElement[bool]:
    """Whether an open screening has its reads and they differ: it waits for a senior. At most two reads are due."""
    calls = select(func.count()).select_from(ReadRow)
    calls = calls.where(ReadRow.screening_id == ScreeningRow.id, ReadRow.verdict.is_not(None), stands())
    return calls.correlate(ScreeningRow).scalar_subquery() >= READS_MOST


def last_call(session: Session, reader_id: UUID, *, since: datetime) -> ReadRow | None:
    """The newest final call of this reader since then that stands."""
    calls = select(ReadRow).where(ReadRow.reader_id == reader_id, ReadRow.at > since)
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
