"""The queue, the reads, and what review made of a screening."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from app.actor import Actor, Permission
from app.audit.digest import digest
from app.audit.queries import every_row
from app.audit.verify import UNREADABLE
from app.cases.queries import note_digest
from app.cases.tables import CaseWithdrawalRow
from app.policy import queries as policies
from app.policy.rules import READS_MOST
from app.review.rules import ReviewState
from app.review.tables import ReadRow
from app.screening import queries as screening_queries
from app.screening.queries import ScreeningNotFound
from app.screening.tables import OpenFlagRow, ScreeningRow

AT_ONCE = 500  # ids in one question


def in_parts(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    every = list(ids)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


@dataclass(frozen=True)
class Review:
    """What became of a screening that needed a human."""

    state: ReviewState
    verdict: str | None = None
    settled_at: datetime | None = None


def queue(session: Session, actor: Actor, *, offset: int, limit: int) -> list[ScreeningRow]:
    """Flagged screenings that this reader may read, the least certain first."""
    rows = (
        select(ScreeningRow)
        .join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id)
        .where(ScreeningRow.submitted_by != actor.id)
        .order_by(OpenFlagRow.certainty, OpenFlagRow.flagged_at, ScreeningRow.id)
    )
    return list(session.scalars(rows.offset(offset).limit(limit)))


@dataclass(frozen=True)
class Waiting:
    for_me: int
    mine_for_others: int


def waiting(session: Session, actor: Actor) -> Waiting:
    """How many flagged screenings this reader may read, and how many wait for others because this reader sent them."""
    flagged = (
        select(func.count()).select_from(OpenFlagRow).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    )
    for_me = session.scalar(flagged.where(ScreeningRow.submitted_by != actor.id)) or 0
    mine = session.scalar(flagged.where(ScreeningRow.submitted_by == actor.id)) or 0
    return Waiting(for_me, mine)


def how_many_wait(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OpenFlagRow)) or 0


def flag(session: Session, screening_id: UUID) -> OpenFlagRow | None:
    return session.get(OpenFlagRow, screening_id)


def flags_listed(session: Session) -> set[UUID]:
    return set(session.scalars(select(OpenFlagRow.screening_id)))


def flags_due(session: Session) -> set[UUID]:
    """The work list recomputed from the facts: what has a reason for review and no read, in a case that stands."""
    read = select(ReadRow.screening_id).where(ReadRow.screening_id == ScreeningRow.id)
    withdrawn = select(CaseWithdrawalRow.case_id).where(CaseWithdrawalRow.case_id == ScreeningRow.case_id)
    due = select(ScreeningRow.id).where(ScreeningRow.reasons.any(), ~read.exists(), ~withdrawn.exists())
    return set(session.scalars(due))


def flags_of_case(session: Session, case_id: UUID) -> list[OpenFlagRow]:
    open_flags = select(OpenFlagRow).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return list(session.scalars(open_flags.where(ScreeningRow.case_id == case_id)))


def reads_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, list[ReadRow]]:
    rows = select(ReadRow).where(ReadRow.screening_id.in_(screening_ids)).order_by(ReadRow.at, ReadRow.id)
    reads: dict[UUID, list[ReadRow]] = {screening_id: [] for screening_id in screening_ids}
    for row in session.scalars(rows):
        reads[row.screening_id].append(row)
    return reads


def read_by(session: Session, *, screening_id: UUID, reader_id: UUID) -> ReadRow | None:
    rows = select(ReadRow).where(
        ReadRow.screening_id == screening_id, ReadRow.reader_id == reader_id, ReadRow.supersedes_id.is_(None)
    )
    return session.scalars(rows).first()


def reviews_of(session: Session, screenings: list[ScreeningRow]) -> dict[UUID, Review]:
    """State and verdict of each, from its reasons, its open flag and its reads."""
    return reviews_by_id(session, [screening.id for screening in screenings])


def reviews_by_id(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, Review]:
    made: dict[UUID, Review] = {}
    for ids in in_parts(screening_ids):
        reads = reads_of(session, ids)
        still_open = set(session.scalars(select(OpenFlagRow.screening_id).where(OpenFlagRow.screening_id.in_(ids))))
        made |= {one: _review(reads[one], is_open=one in still_open) for one in ids}
    return made


def _review(reads: list[ReadRow], *, is_open: bool) -> Review:
    if is_open:
        return Review(ReviewState.WAITING)
    if reads:
        return Review(ReviewState.SETTLED, reads[-1].verdict, reads[-1].at)
    return Review(ReviewState.NOT_NEEDED)


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


def hidden_from(session: Session, actor: Actor, screening_ids: Collection[UUID]) -> set[UUID]:
    """Those whose score, band, reasons, findings and heat map this actor must not see yet: a blind read of theirs is
    due. Every door that shows any of these asks first, and shows "for reading" in their place."""
    if not (screening_ids and _reads_blind(session, actor)):
        return set()
    due = _blind_reads_due(actor)
    return {one for some in in_parts(screening_ids) for one in session.scalars(due.where(ScreeningRow.id.in_(some)))}


def hidden_in_cases(session: Session, actor: Actor, case_ids: Collection[UUID]) -> set[UUID]:
    """The same, of every screening in these cases."""
    if not (case_ids and _reads_blind(session, actor)):
        return set()
    return set(session.scalars(_blind_reads_due(actor).where(ScreeningRow.case_id.in_(case_ids))))


def _reads_blind(session: Session, actor: Actor) -> bool:
    return actor.may(Permission.READ) and policies.current(session).blind_first


def _blind_reads_due(actor: Actor) -> Select[UUID]:
    begun = select(ReadRow.id).where(ReadRow.screening_id == ScreeningRow.id, ReadRow.reader_id == actor.id)
    withdrawn = select(CaseWithdrawalRow.case_id).where(CaseWithdrawalRow.case_id == ScreeningRow.case_id)
    due = select(ScreeningRow.id).join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id)
    return due.where(ScreeningRow.submitted_by != actor.id, ~begun.exists(), ~withdrawn.exists(), ~disputed())


def visible(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow:
    """A screening in a case that the actor may see, or that is or was theirs to read."""
    screening = screening_queries.visible(session, actor, screening_id)
    return screening or to_read(session, actor, screening_id)


def to_read(session: Session, actor: Actor, screening_id: UUID) -> ScreeningRow:
    """A screening that waits for this reader, or that they have read."""
    screening = screening_queries.find(session, screening_id)
    if actor.may(Permission.READ) and screening is not None and screening.submitted_by != actor.id:
        theirs = flag(session, screening_id) or read_by(session, screening_id=screening_id, reader_id=actor.id)
        if theirs is not None:
            return screening
    raise ScreeningNotFound("There is no such screening, or it is not yours to see.")


def digest_of(read: ReadRow) -> str:
    return digest(
        {
            "id": str(read.id),
            "screening_id": str(read.screening_id),
            "submitted_by": str(read.submitted_by),
            "reader_id": str(read.reader_id),
            "kind": read.kind,
            "blind_verdict": read.blind_verdict,
            "verdict": read.verdict,
            "note_digest": read.note_digest,
            "seconds": read.seconds,
            "supersedes_id": str(read.supersedes_id) if read.supersedes_id else None,
            "at": read.at.isoformat(timespec="microseconds"),
        }
    )


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every read with its digest recomputed, for `audit verify`."""
    for key, row in every_row(session, ReadRow, ReadRow.id):
        yield key, digest_of(row) if row else UNREADABLE


def note_facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every read that came with a note, with the note's digest recomputed."""
    for key, row in every_row(session, ReadRow, ReadRow.id):
        if row and row.note_digest:
            yield key, note_digest(session, row.note_id)
