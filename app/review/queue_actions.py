"""What a reader does with a cell but reading it: takes it up, puts it off, hands it on; and how they like to work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app import clock, leases
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.errors import Invalid, NotFound
from app.leases import Held, LeaseRow
from app.policy import queries as policies
from app.review import desk_queries, desk_rules, due_queries, queue_queries
from app.review.desk_queries import Task
from app.review.rules import Step, Verdict
from app.review.tables import DraftRow, HandingRow, PostponementRow, ReaderSettingsRow

TRIED = 50


class NoSuchReader(Invalid):
    code = "no_such_reader"


class NotPutOff(NotFound):
    code = "not_put_off"


@dataclass(frozen=True)
class LeftForm:
    """What stands in the form when a reader leaves it, and the token of the lease under which they typed it."""

    verdict: Verdict | None = None
    note: str = ""
    token: int | None = None


def take_up(session: Session, actor: Actor, *, screening_id: UUID) -> tuple[Task, LeaseRow]:
    """The cell is this reader's for the time of a lease. Raises what `hold` does."""
    ledger.lock(session)
    task = due_queries.find(session, actor, screening_id)
    lease = hold(session, actor, task, token=None, opening=True)
    detail = {"token": lease.token, "step": task.step.value, "awaits": task.awaits.value}
    ledger.record(session, actor, Event(Act.CELL_OPENED, "screening", str(screening_id), detail))
    return task, lease


def hold(session: Session, reader: Actor, task: Task, *, token: int | None, opening: bool = False) -> LeaseRow:
    """The reader's lease on the cell, once it is sure that the cell waits for them; without a token it is claimed.

    Raises Late (settled, withdrawn, handed on, or held by another, now or in between), Forbidden or OwnFirstRead.
    """
    due_queries.must_wait(session, reader, task, token=token, opening=opening)
    policy, now = policies.current(session), clock.now()
    try:
        lease = leases.claim(
            session, desk_queries.item(task.screening.id), holder_id=reader.id, at=now, length=policy.lease
        )
    except Held as held:
        raise due_queries.held(session, held.lease) from None
    if token is not None and token != lease.token:
        raise due_queries.LeaseLost(
            "Your hold on this cell ran out, and somebody else has had it since. You sent this",
            at=now,
            then="Open it again to go on.",
            code="lease_lost",
        )
    return lease


def keep_draft(session: Session, reader: Actor, *, task: Task, verdict: Verdict | None, note: str) -> None:
    """What a reader has typed so far; comes and goes without an event."""
    draft = desk_queries.draft(session, screening_id=task.screening.id, reader_id=reader.id)
    if draft is None:
        draft = DraftRow(screening_id=task.screening.id, reader_id=reader.id, note="", at=clock.now())
        session.add(draft)
    draft.verdict, draft.note, draft.at = verdict, note[: desk_rules.DRAFT_LENGTH_MOST], clock.now()
    session.flush()


def take_next(session: Session, actor: Actor) -> UUID | None:
    """The first cell of this reader's queue that nobody else has; it is theirs from now on. None: there is none."""
    ledger.lock(session)
    reader = queue_queries.reader_of(session, actor)
    for one in queue_queries.upcoming(session, reader, desk_queries.filters_of(session, actor), limit=TRIED):
        try:
            leases.claim(session, desk_queries.item(one), holder_id=actor.id, at=reader.now, length=reader.policy.lease)
        except Held:
            continue
        return one
    return None


def take_again(session: Session, actor: Actor, *, screening_id: UUID) -> bool:
    """Whether a cell on which this reader took their verdict back is theirs once more from now on. It is not where it
    waits for somebody else, or for nobody."""
    ledger.lock(session)
    try:
        hold(session, actor, due_queries.find(session, actor, screening_id), token=None, opening=True)
    except (due_queries.Late, due_queries.OwnFirstRead):
        return False
    return True


def keep_typed(session: Session, actor: Actor, *, screening_id: UUID, typed: LeftForm) -> bool:
    """Keep a draft and the hold on the cell. False where somebody else holds it by now; the draft is kept all the same.

    Raises what `due_queries.must_wait` does.
    """
    ledger.lock(session)
    task = due_queries.find(session, actor, screening_id)
    due_queries.refuse_withdrawn(session, task)
    if task.step is Step.DONE:
        return False  # a tab that has not noticed
    due_queries.must_wait(session, actor, task, token=typed.token)
    keep_draft(session, actor, task=task, verdict=typed.verdict, note=typed.note)
    policy = policies.current(session)
    return typed.token is not None and leases.renew(
        session,
        desk_queries.item(screening_id),
        holder_id=actor.id,
        token=typed.token,
        at=clock.now(),
        length=policy.lease,
    )


def put_off(session: Session, actor: Actor, *, screening_id: UUID, minutes: int, typed: LeftForm) -> None:
    """The cell leaves this reader's queue for so long, what was typed is kept, and others may take it at once."""
    ledger.lock(session)
    task = _set_down(session, actor, screening_id=screening_id, typed=typed)
    put = desk_queries.postponement(session, screening_id=task.screening.id, reader_id=actor.id)
    if put is None:
        put = PostponementRow(screening_id=task.screening.id, reader_id=actor.id)
    put.until = clock.now() + timedelta(minutes=minutes)
    session.add(put)
    event = Event(Act.CELL_POSTPONED, "screening", str(screening_id), {"minutes": minutes})
    ledger.record(session, actor, event)


def take_back(session: Session, actor: Actor, *, screening_id: UUID) -> None:
    """A cell that was put off is in the queue again. Raises NotPutOff."""
    ledger.lock(session)
    put = desk_queries.postponement(session, screening_id=screening_id, reader_id=actor.id)
    if put is None:
        raise NotPutOff("You have not put this cell off, or have taken it back already.")
    session.delete(put)
    ledger.record(session, actor, Event(Act.CELL_POSTPONED, "screening", str(screening_id), {"minutes": 0}))


def hand_on(session: Session, actor: Actor, *, screening_id: UUID, to_id: UUID, typed: LeftForm) -> None:
    """The cell is for one named reader. Raises NoSuchReader for who may not read it or has read it."""
    ledger.lock(session)
    task = _set_down(session, actor, screening_id=screening_id, typed=typed)
    if to_id not in {one.id for one in desk_queries.readers_besides(session, actor, task)}:
        raise NoSuchReader("Choose a colleague who may read this cell and has not read it yet.")
    handed = desk_queries.handing(session, screening_id) or HandingRow(screening_id=screening_id)
    handed.to_id, handed.by_id, handed.at = to_id, actor.id, clock.now()
    session.add(handed)
    event = Event(Act.CELL_HANDED_ON, "screening", str(screening_id), {"to": str(to_id)})
    ledger.record(session, actor, event)


def _set_down(session: Session, actor: Actor, *, screening_id: UUID, typed: LeftForm) -> Task:
    """Off this reader's screen, with what they typed kept. Raises what `hold` does."""
    task = due_queries.find(session, actor, screening_id)
    lease = hold(session, actor, task, token=typed.token)
    if typed.verdict or typed.note.strip():
        keep_draft(session, actor, task=task, verdict=typed.verdict, note=typed.note)
    leases.release(session, desk_queries.item(screening_id), holder_id=actor.id, token=lease.token)
    return task


def choose_filters(session: Session, actor: Actor, *, told: Mapping[str, str]) -> None:
    wanted = desk_rules.parse_filters(told)
    _settings(session, actor).filters = {
        name: getattr(wanted, name) for name in desk_rules.FILTERS if getattr(wanted, name)
    }


def choose_keys(session: Session, actor: Actor, *, typed: Mapping[str, str]) -> None:
    """Raises UnusableKeys."""
    _settings(session, actor).keys = desk_rules.parse_keys(typed)


def _settings(session: Session, actor: Actor) -> ReaderSettingsRow:
    ledger.lock(session)
    row = desk_queries.settings_of(session, actor.id)
    if row is None:
        row = ReaderSettingsRow(reader_id=actor.id, filters={}, keys={})
        session.add(row)
    return row
