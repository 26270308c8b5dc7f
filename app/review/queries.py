"""The queue, the reads, and what review made of a screening."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from app import clock
from app.actor import Actor, Permission
from app.audit.digest import digest
from app.audit.queries import every_row
from app.audit.verify import UNREADABLE
from app.cases.queries import note_digest
from app.cases.tables import CaseWithdrawalRow
from app.leases import LeaseRow
from app.policy import queries as policies
from app.policy.rules import READS_MOST
from app.review.rules import Awaits, Call, Conclusion, ReadKind, ReviewState, Step, Verdict, conclude, state_of, step_of
from app.review.tables import DraftRow, HandingRow, PostponementRow, ReaderSettingsRow, ReadRow
from app.screening import queries as screening_queries
from app.screening.queries import ScreeningNotFound
from app.screening.tables import OpenFlagRow, ScreeningRow

AT_ONCE = 500  # ids in one question
READING = "read"  # the kind of lease on a cell


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
    awaits: Awaits = Awaits.NOBODY


def how_many_wait(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OpenFlagRow)) or 0


def flag(session: Session, screening_id: UUID) -> OpenFlagRow | None:
    return session.get(OpenFlagRow, screening_id)


def flags_listed(session: Session) -> set[UUID]:
    return set(session.scalars(select(OpenFlagRow.screening_id)))


def flags_due(session: Session) -> set[UUID]:
    """The work list recomputed from the facts: what has a reason for review, is not settled and whose case stands."""
    read = select(ReadRow.screening_id).where(ReadRow.screening_id == ScreeningRow.id)
    withdrawn = select(CaseWithdrawalRow.case_id).where(CaseWithdrawalRow.case_id == ScreeningRow.case_id)
    flagged = select(ScreeningRow.id).where(ScreeningRow.reasons.any(), ~withdrawn.exists())
    due = set(session.scalars(flagged.where(~read.exists())))
    for some in in_parts(list(session.scalars(flagged.where(read.exists())))):
        found = histories_of(session, some)
        due |= {one for one in some if found[one].concluded.awaits is not Awaits.NOBODY}
    return due


def flags_of_case(session: Session, case_id: UUID) -> list[OpenFlagRow]:
    open_flags = select(OpenFlagRow).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return list(session.scalars(open_flags.where(ScreeningRow.case_id == case_id)))


def reads_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, list[ReadRow]]:
    rows = select(ReadRow).where(ReadRow.screening_id.in_(screening_ids)).order_by(ReadRow.at, ReadRow.id)
    reads: dict[UUID, list[ReadRow]] = {screening_id: [] for screening_id in screening_ids}
    for row in session.scalars(rows):
        reads[row.screening_id].append(row)
    return reads


@dataclass(frozen=True)
class History:
    """All that readers said of one cell, the first first, and what it comes to."""

    reads: tuple[ReadRow, ...]
    needed: int

    @property
    def standing(self) -> tuple[ReadRow, ...]:
        """The final calls that were neither withdrawn nor replaced."""
        replaced = {read.supersedes_id for read in self.reads}
        return tuple(read for read in self.reads if read.verdict is not None and read.id not in replaced)

    @property
    def concluded(self) -> Conclusion:
        calls = [Call(Verdict(str(read.verdict)), read.kind == ReadKind.ADJUDICATION) for read in self.standing]
        return conclude(calls, needed=self.needed)

    def by(self, reader_id: UUID) -> tuple[ReadRow, ...]:
        return tuple(read for read in self.reads if read.reader_id == reader_id)


@dataclass(frozen=True)
class Task:
    """One cell, as one reader comes to it. `own`: their rows, the oldest first."""

    screening: ScreeningRow
    history: History
    own: tuple[ReadRow, ...]
    step: Step

    @property
    def awaits(self) -> Awaits:
        return self.history.concluded.awaits

    @property
    def own_standing(self) -> bool:
        return self.step is Step.DONE

    @property
    def blind_verdict(self) -> str | None:
        return next((read.blind_verdict for read in self.own if read.blind_verdict), None)


def task_of(session: Session, reader: Actor, screening: ScreeningRow) -> Task:
    history = history_of(session, screening.id)
    own = history.by(reader.id)
    final = [Verdict(read.verdict) if read.verdict else None for read in own]
    blind_first = policies.current(session).blind_first and history.concluded.awaits is not Awaits.SENIOR
    return Task(screening, history, own, step_of(final, blind_first=blind_first))


def history_of(session: Session, screening_id: UUID) -> History:
    return histories_of(session, [screening_id])[screening_id]


def histories_of(session: Session, screening_ids: list[UUID]) -> dict[UUID, History]:
    reads = reads_of(session, screening_ids)
    needed = reads_needed(session, screening_ids)
    return {one: History(tuple(reads[one]), needed[one]) for one in screening_ids}


def reads_needed(session: Session, screening_ids: list[UUID]) -> dict[UUID, int]:
    """How many independent reads each has to have, by the policy that it was screened under; 0 where not flagged."""
    flagged = select(ScreeningRow.id, ScreeningRow.band, ScreeningRow.policy).where(ScreeningRow.reasons.any())
    found = session.execute(flagged.where(ScreeningRow.id.in_(screening_ids))).all()
    judged_by = policies.judged_by(session, {number for _, _, number in found})
    return dict.fromkeys(screening_ids, 0) | {one: judged_by[number].reads_needed(band) for one, band, number in found}


def reviews_of(session: Session, screenings: list[ScreeningRow]) -> dict[UUID, Review]:
    """State and verdict of each, from its reasons, its reads, and who has it on their screen now."""
    return reviews_by_id(session, [screening.id for screening in screenings])


def reviews_by_id(session: Session, screening_ids: Collection[UUID]) -> dict[UUID, Review]:
    held = held_among(session, screening_ids)
    made: dict[UUID, Review] = {}
    for some in in_parts(screening_ids):
        made |= {one: _review(found, held=one in held) for one, found in histories_of(session, some).items()}
    return made


def _review(found: History, *, held: bool) -> Review:
    concluded, standing = found.concluded, found.standing
    state = state_of(concluded, calls=len(standing), held=held)
    settled_at = standing[-1].at if state is ReviewState.SETTLED else None
    return Review(state, concluded.verdict, settled_at, concluded.awaits)


def held_among(session: Session, screening_ids: Collection[UUID]) -> set[UUID]:
    held = select(LeaseRow.item_id).where(LeaseRow.kind == READING, LeaseRow.until > clock.now())
    return {one for some in in_parts(screening_ids) for one in session.scalars(held.where(LeaseRow.item_id.in_(some)))}


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
        read = select(ReadRow.id).where(ReadRow.screening_id == screening_id, ReadRow.reader_id == actor.id)
        if flag(session, screening_id) or session.scalars(read.limit(1)).first():
            return screening
    raise ScreeningNotFound("There is no such screening, or it is not yours to see.")


def draft(session: Session, *, screening_id: UUID, reader_id: UUID) -> DraftRow | None:
    return session.get(DraftRow, (screening_id, reader_id))


def postponement(session: Session, *, screening_id: UUID, reader_id: UUID) -> PostponementRow | None:
    return session.get(PostponementRow, (screening_id, reader_id))


def handing(session: Session, screening_id: UUID) -> HandingRow | None:
    return session.get(HandingRow, screening_id)


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


def clear_desk(session: Session, *, screening_id: UUID, reader_id: UUID | None) -> None:
    """Forget what comes and goes around a cell: one reader's draft and postponement and that it was handed to them, or,
    without a reader, everybody's but the drafts."""
    if reader_id is not None and (typed := draft(session, screening_id=screening_id, reader_id=reader_id)):
        session.delete(typed)
    put_off = select(PostponementRow).where(PostponementRow.screening_id == screening_id)
    handed = select(HandingRow).where(HandingRow.screening_id == screening_id)
    if reader_id is not None:
        put_off = put_off.where(PostponementRow.reader_id == reader_id)
        handed = handed.where(HandingRow.to_id == reader_id)
    for row in (*session.scalars(put_off), *session.scalars(handed)):
        session.delete(row)


def settings_of(session: Session, reader_id: UUID) -> ReaderSettingsRow | None:
    return session.get(ReaderSettingsRow, reader_id)


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
