"""One reader before one cell: where they are with it, and what comes and goes around it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries as accounts
from app.accounts.tables import ActorRow
from app.actor import Actor, Permission
from app.db import in_parts
from app.leases import Item, LeaseRow
from app.policy import queries as policies
from app.review import desk_rules
from app.review.desk_rules import Filters, Key
from app.review.read_queries import History, history_of, senders
from app.review.rules import Awaits, ReadKind, Step, Verdict, step_of
from app.review.tables import DraftRow, HandingRow, PostponementRow, ReaderSettingsRow, ReadRow
from app.screening.tables import ScreeningRow

READING = "read"  # the kind of lease on a cell


@dataclass(frozen=True)
class Task:
    """One cell, as one reader comes to it. `own`: their rows, the oldest first; `kept_out`: of reading it
    independently, as `read_queries.kept_out` has it."""

    screening: ScreeningRow
    history: History
    own: tuple[ReadRow, ...]
    step: Step
    kept_out: bool = False

    @property
    def awaits(self) -> Awaits:
        return self.history.concluded.awaits

    @property
    def is_theirs(self) -> bool:
        """Whether the next word on the cell may be this reader's, as far as what they did with it goes."""
        return self.step is not Step.DONE and not (self.kept_out and self.awaits is Awaits.READER)

    @property
    def blind_verdict(self) -> Verdict | None:
        return next((read.blind_verdict for read in self.own if read.blind_verdict), None)

    @property
    def found_before(self) -> tuple[Verdict, ...]:
        """The verdicts between which a senior decides; none where none is awaited."""
        if self.awaits is not Awaits.SENIOR:
            return ()
        return tuple(read.verdict for read in self.history.standing if read.verdict)


def task_of(session: Session, reader: Actor, screening: ScreeningRow) -> Task:
    history = history_of(session, screening.id)
    own = history.by(reader.id)
    adjudicates = history.concluded.awaits is Awaits.SENIOR
    blind_first = policies.current(session).blind_first and not adjudicates
    step = step_of([read.verdict for read in own], blind_first=blind_first)
    if adjudicates and own and _may_be_said_anew(history, own[-1]):
        step = Step.FINAL
    return Task(screening, history, own, step, kept_out=history.keeps_out(reader.id))


def readers_besides(session: Session, actor: Actor, task: Task) -> list[ActorRow]:
    """Who could read this cell in the actor's place, by name."""
    out = {actor.id, *senders(session, task.screening)}
    if task.awaits is Awaits.SENIOR:
        out |= {read.reader_id for read in task.history.standing if not _may_be_said_anew(task.history, read)}
        return [one for one in accounts.people_who_may(session, Permission.ADJUDICATE) if one.id not in out]
    return [one for one in readers_left(session, task.history) if one.id not in out]


def readers_left(session: Session, history: History) -> list[ActorRow]:
    """Who could give an independent read of the cell and has given none, by name; its uploader may be among them."""
    out = {read.reader_id for read in history.standing}
    readers = accounts.people_who_may(session, Permission.READ)
    return [one for one in readers if one.id not in out and not history.keeps_out(one.id)]


def _may_be_said_anew(history: History, read: ReadRow) -> bool:
    """A senior's word against which another read was asked for: there may be no other senior."""
    return read.kind == ReadKind.ADJUDICATION and history.is_contested(read)


def item(screening_id: UUID) -> Item:
    """The cell, as leases know it."""
    return Item(READING, screening_id)


def held_among(session: Session, screening_ids: Collection[UUID]) -> set[UUID]:
    held = select(LeaseRow.item_id).where(LeaseRow.kind == READING, LeaseRow.until > clock.now())
    return {one for some in in_parts(screening_ids) for one in session.scalars(held.where(LeaseRow.item_id.in_(some)))}


def draft(session: Session, *, screening_id: UUID, reader_id: UUID) -> DraftRow | None:
    return session.get(DraftRow, (screening_id, reader_id))


def postponement(session: Session, *, screening_id: UUID, reader_id: UUID) -> PostponementRow | None:
    return session.get(PostponementRow, (screening_id, reader_id))


def handing(session: Session, screening_id: UUID) -> HandingRow | None:
    return session.get(HandingRow, screening_id)


def left_around(
    session: Session, *, screening_id: UUID, reader_id: UUID | None
) -> Sequence[DraftRow | PostponementRow | HandingRow]:
    """What comes and goes around a cell: one reader's draft and postponement and that it was handed to them, or,
    without a reader, everybody's but the drafts."""
    typed = draft(session, screening_id=screening_id, reader_id=reader_id) if reader_id else None
    put_off = select(PostponementRow).where(PostponementRow.screening_id == screening_id)
    handed = select(HandingRow).where(HandingRow.screening_id == screening_id)
    if reader_id is not None:
        put_off = put_off.where(PostponementRow.reader_id == reader_id)
        handed = handed.where(HandingRow.to_id == reader_id)
    return [*([typed] if typed else []), *session.scalars(put_off), *session.scalars(handed)]


def settings_of(session: Session, reader_id: UUID) -> ReaderSettingsRow | None:
    return session.get(ReaderSettingsRow, reader_id)


def filters_of(session: Session, actor: Actor) -> Filters:
    settings = settings_of(session, actor.id)
    return desk_rules.parse_filters(settings.filters if settings else {})


def keys_of(session: Session, actor: Actor) -> dict[Key, str]:
    settings = settings_of(session, actor.id)
    return desk_rules.keys_of(settings.keys if settings else {})
