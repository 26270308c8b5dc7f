"""A second pair of eyes: a reader's own call, the final verdict, a senior's word, and taking a verdict back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock, leases
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.audit.queries import flagged_later_at
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.errors import Conflict
from app.leases import LeaseRow
from app.policy import queries as policies
from app.review import desk_queries, due_queries, queries, queue_actions, read_queries, rules
from app.review.desk_queries import Task
from app.review.due_queries import AlreadyRead, NothingToTakeBack, Released
from app.review.rules import Awaits, ReadKind, Step, Verdict
from app.review.tables import ReadRow
from app.screening.rules import LATER, Band
from app.screening.tables import ScreeningRow
from app.screening.work_list_actions import put_on_work_list


@dataclass(frozen=True)
class Said:
    """What a reader sends. `token`: of the lease under which they read; `seconds`: for how long the cell was on their
    screen in this step, as far as the page knows."""

    verdict: Verdict
    note: str = ""
    token: int | None = None
    seconds: int | None = None


class OwnCallFirst(Conflict):
    code = "own_call_first"


class NotBlind(Conflict):
    code = "not_blind"


def call_blind(session: Session, reader: Actor, *, screening_id: UUID, said: Said) -> ReadRow:
    """The reader's own call, before they see what the model made of the cell. The same call sent twice is one.

    Asks for no reason: whether one is needed would tell what the model said. Raises what `queue_actions.hold` does, and
    NoteTooLong or AlreadyRead; then nothing is stored.
    """
    ledger.lock(session)
    task = due_queries.find(session, reader, screening_id)
    earlier = next((read for read in task.own if read.blind_verdict), None)
    if earlier is not None and earlier.blind_verdict == said.verdict:
        return earlier
    due_queries.refuse_withdrawn(session, task)
    if task.own:
        raise AlreadyRead("You have made your own call on this cell already; it stands. Your final call may differ.")
    if task.step is not Step.BLIND:
        raise NotBlind("This cell is not read blind (any more): look at it again, with what the model made of it.")
    lease = queue_actions.hold(session, reader, task, token=said.token)
    note = rules.parse_note(said.note)
    read = _write(session, reader, task=task, lease=lease, said=said, note="", final=False)
    queue_actions.keep_draft(session, reader, task=task, verdict=said.verdict, note=note)
    return read


def give_verdict(session: Session, reader: Actor, *, screening_id: UUID, said: Said) -> ReadRow:
    """The reader's final call. It settles the cell where enough readers of one mind have read it; where they differ it
    waits for a senior, whose word settles it. The same verdict sent twice is one read.

    Raises what `queue_actions.hold` does, and OwnCallFirst, NoteMissing, NoteTooLong, AlreadyRead or OwnFirstRead; then
    nothing is stored.
    """
    ledger.lock(session)
    task = due_queries.find(session, reader, screening_id)
    note = rules.parse_note(said.note)
    if task.step is Step.DONE:
        return due_queries.same_again(session, reader, task, verdict=said.verdict, note=note, token=said.token)
    lease = queue_actions.hold(session, reader, task, token=said.token)
    if task.step is Step.BLIND:
        raise OwnCallFirst("Make your own call first: you see what the model made of the cell after it.")
    band = Band(task.screening.band) if task.screening.band else None
    rules.require_reason(note, verdict=said.verdict, band=band, found_before=task.found_before)
    read = _write(session, reader, task=task, lease=lease, said=said, note=note, final=True)
    _put_away(session, task, reader)
    return read


def withdraw(session: Session, reader: Actor, *, screening_id: UUID) -> ReadRow:
    """Take one's own verdict back: the read stays, with one after it that says so, and what was typed is a draft again.

    Raises NothingToTakeBack, or Released where a signed result holds the verdict.
    """
    ledger.lock(session)
    task = due_queries.find(session, reader, screening_id)
    if task.step is not Step.DONE:
        raise NothingToTakeBack("You have no verdict on this cell that could be taken back.")
    due_queries.refuse_withdrawn(session, task)
    if due_queries.is_released(session, task):
        raise Released(
            "A signed result holds your verdict, so that it stays. A senior may ask for another read of the cell, and "
            "amend the case after it."
        )
    given = task.own[-1]
    row = _row(task, reader, kind=ReadKind.WITHDRAWAL)
    session.add(row)
    session.flush()
    policy = policies.current(session)
    detail: dict[str, Value] = {"withdraws": str(given.id), "undone": row.at - given.at <= policy.undo}
    _record(session, reader, row, act=Act.READ_WITHDRAWN, detail=detail)
    note = read_queries.note_of(session, given)
    queue_actions.keep_draft(session, reader, task=task, verdict=given.verdict, note=note)
    _put_back(session, task)
    return row


def _write(
    session: Session, reader: Actor, *, task: Task, lease: LeaseRow, said: Said, note: str, final: bool
) -> ReadRow:
    row = _row(task, reader, kind=_kind(task))
    row.blind_verdict = task.blind_verdict if final else said.verdict
    row.verdict = said.verdict if final else None
    row.note_id, row.note_digest = cases.write_note(session, text=note) if note else (None, None)
    row.seconds = _seconds(task, said, since=lease.claimed_at, at=row.at)
    session.add(row)
    session.flush()
    detail: dict[str, Value] = {"kind": row.kind, "verdict": said.verdict.value}
    if row.note_digest:
        detail["note_digest"] = row.note_digest
    _record(session, reader, row, act=Act.READ_GIVEN if final else Act.BLIND_CALL, detail=detail)
    return row


def _kind(task: Task) -> ReadKind:
    if task.awaits is Awaits.SENIOR:
        return ReadKind.ADJUDICATION
    if not task.history.standing:
        return ReadKind.FIRST
    return ReadKind.FURTHER if task.history.requests else ReadKind.SECOND


def _row(task: Task, reader: Actor, *, kind: ReadKind) -> ReadRow:
    return ReadRow(
        id=uuid4(),
        screening_id=task.screening.id,
        submitted_by=task.screening.submitted_by,
        reader_id=reader.id,
        kind=kind,
        supersedes_id=task.own[-1].id if task.own else None,
        at=clock.now(),
    )


def _seconds(task: Task, said: Said, *, since: datetime, at: datetime) -> int:
    """Of the whole read: this step's, and before a final call those of the blind one. What a page tells can only
    shorten it: a tab in the background is not read."""
    before = task.own[-1] if task.own and task.own[-1].blind_verdict and not task.own[-1].verdict else None
    passed = int((at - max(since, before.at if before else since)).total_seconds())
    told = passed if said.seconds is None else said.seconds
    step = told if said.token is None else max(0, min(told, passed))
    return step + ((before.seconds or 0) if before else 0)


def _record(session: Session, reader: Actor, row: ReadRow, *, act: Act, detail: dict[str, Value]) -> None:
    bound = {"digest": read_queries.digest_of(row), "screening": str(row.screening_id), **detail}
    ledger.record(session, reader, Event(act, "read", str(row.id), bound))


def _put_away(session: Session, task: Task, reader: Actor) -> None:
    """Off this reader's desk; and off the work list, once nobody is awaited."""
    one = task.screening.id
    leases.let_go(session, desk_queries.item(one))
    _clear(session, desk_queries.left_around(session, screening_id=one, reader_id=reader.id))
    if read_queries.history_of(session, one).concluded.awaits is Awaits.NOBODY:
        _clear(session, desk_queries.left_around(session, screening_id=one, reader_id=None))
        if flag := queries.open_flag(session, one):
            session.delete(flag)
    session.flush()


def _clear(session: Session, rows: Iterable[object]) -> None:
    for row in rows:
        session.delete(row)


def _put_back(session: Session, task: Task) -> None:
    """On the work list again where somebody is awaited again; its age counts from when it was flagged, or from when
    another read was asked for. It is not left to a senior who may not give the read that it waits for now."""
    one, history = task.screening, read_queries.history_of(session, task.screening.id)
    handed = desk_queries.handing(session, one.id)
    if handed and history.concluded.awaits is Awaits.READER and history.keeps_out(handed.to_id):
        session.delete(handed)
    settled = history.concluded.awaits is Awaits.NOBODY
    if settled or queries.open_flag(session, one.id) or case_queries.withdrawal(session, one.case_id):
        return
    since = history.requests[-1].at if history.requests else _flagged_at(session, one)
    put_on_work_list(session, one, since=since)


def _flagged_at(session: Session, screening: ScreeningRow) -> datetime:
    if screening.given - LATER:
        return screening.at
    return flagged_later_at(session, screening.id) or screening.at
