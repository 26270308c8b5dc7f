"""Whether a cell waits for this very reader now, and what they are told where it does not: by whom, and since when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries as accounts
from app.actor import Actor, Permission
from app.audit.events import Act, Event
from app.audit.queries import released_at
from app.audit.refusals import Forbidden, Refusal
from app.cases import queries as case_queries
from app.errors import Conflict
from app.leases import LeaseRow
from app.policy import queries as policies
from app.review import desk_queries, read_queries
from app.review.desk_queries import Task
from app.review.rules import Awaits, Step, Verdict
from app.review.tables import ReadRow
from app.screening import queries as screenings
from app.screening.queries import ScreeningNotFound


class Late(Conflict):
    """Somebody was there before: `told` says who and what, `at` when, `then` what to do about it."""

    code = "late"
    title = "This cell is not waiting for you"

    def __init__(self, told: str, *, at: datetime, then: str, code: str) -> None:
        super().__init__(f"{told} at {at:%Y-%m-%d %H:%M} UTC. {then}", code=code)
        self.told, self.at, self.then = told, at, then


class LeaseLost(Late):
    """Somebody else had the cell in between, and left it: the reader may open it again."""

    title = "Somebody else had this cell in between"


class AlreadyRead(Conflict):
    code = "already_read"


class NothingToTakeBack(Conflict):
    code = "nothing_to_take_back"


class Released(Conflict):
    code = "released"


class OwnUpload(Refusal):
    code = "own_upload"


class OwnFirstRead(Refusal):
    code = "own_first_read"


def find(session: Session, reader: Actor, screening_id: UUID) -> Task:
    """Where this reader is with the cell. Raises ScreeningNotFound or OwnUpload."""
    screening = screenings.find(session, screening_id)
    if screening is None or not reader.may(Permission.READ):
        raise ScreeningNotFound("There is no such screening, or it is not yours to see.")
    if read_queries.has_sent(session, reader.id, screening):
        raise OwnUpload(
            "Nobody reads what they uploaded. Leave this cell to another reviewer.",
            actor=reader,
            event=Event(Act.READ_REFUSED, "screening", str(screening.id), {"why": "own upload"}),
        )
    return desk_queries.task_of(session, reader, screening)


def must_wait(session: Session, reader: Actor, task: Task, *, token: int | None, opening: bool = False) -> None:
    """Raises Late, Forbidden, OwnFirstRead or ScreeningNotFound where the cell does not wait for this reader."""
    one = task.screening
    refuse_withdrawn(session, task)
    if task.awaits is Awaits.NOBODY:
        raise _settled(session, task)
    if task.step is Step.DONE:
        raise own_first_read(reader, one.id)
    if task.awaits is Awaits.READER and task.kept_out:
        raise _kept_out(reader, task)
    if task.awaits is Awaits.SENIOR and not reader.may(Permission.ADJUDICATE):
        if token is None and not opening:
            raise Forbidden(reader, permission=Permission.ADJUDICATE)
        raise Late("Its readers disagree; the last read was given", at=task.history.standing[-1].at,
                   then="A senior settles this cell.", code="for_a_senior")  # fmt: skip
    handed = desk_queries.handing(session, one.id)
    if handed and handed.to_id != reader.id and clock.now() - handed.at < policies.current(session).turnaround:
        raise Late(f"This cell was handed on to {_name(session, handed.to_id)}", at=handed.at,
                   then="Leave it to them; it comes back to everybody when they do not get to it in time.",
                   code="handed_on")  # fmt: skip


def refuse_withdrawn(session: Session, task: Task) -> None:
    """Raises Late where the case of the cell was withdrawn: nothing more is recorded of it."""
    if withdrawn := case_queries.withdrawal(session, task.screening.case_id):
        raise Late(
            f"{_name(session, withdrawn.by_id)} withdrew the case of this cell",
            at=withdrawn.at,
            then="It is not read any more, and nothing was recorded.",
            code="case_withdrawn",
        )


def own_first_read(reader: Actor, screening_id: UUID) -> OwnFirstRead:
    return OwnFirstRead(
        "You have read this cell. A second pair of eyes is somebody else's: to change your own verdict, withdraw it.",
        actor=reader,
        event=Event(Act.READ_REFUSED, "screening", str(screening_id), {"why": "own first read"}),
    )


def _kept_out(reader: Actor, task: Task) -> Late | OwnFirstRead:
    asked = next((request for request in task.history.requests if request.by_id == reader.id), None)
    then = "is somebody else's to give. Where its readers differ then, a senior settles it."
    if asked is not None:
        return Late("You asked for another read of this cell", at=asked.at,
                    then=f"It {then}", code="asked_for_it")  # fmt: skip
    if reader.id in task.history.seen and not any(read.verdict for read in task.own):
        return Late("You opened this cell while its readers differed, and saw what they found,",
                    at=task.history.seen[reader.id],
                    then=f"The read that it waits for now {then}", code="saw_its_reads")  # fmt: skip
    return own_first_read(reader, task.screening.id)


def _settled(session: Session, task: Task) -> Late | ScreeningNotFound:
    if not task.history.standing:
        return ScreeningNotFound("There is no such screening, or it is not yours to see.")
    last = task.history.standing[-1]
    told = f"{_name(session, last.reader_id)} settled this cell"
    return Late(told, at=last.at, then="It is not waiting for a read any more.", code="not_waiting")


def held(session: Session, lease: LeaseRow) -> Late:
    """What they are told of a cell that somebody else has on their screen."""
    told = f"{_name(session, lease.holder_id)} is reading this cell: it was opened"
    return Late(told, at=lease.claimed_at, then="Leave it to them, and take the next one.", code="held")


def _name(session: Session, actor_id: UUID) -> str:
    return accounts.names(session, {actor_id}).get(actor_id, "Somebody else")


def same_again(
    session: Session, reader: Actor, task: Task, *, verdict: Verdict, note: str, token: int | None
) -> ReadRow:
    """A double click is one read. Another verdict, or one without the lease of the first, would be a second read by the
    same reader."""
    given = task.own[-1]
    told = read_queries.note_of(session, given)
    if given.verdict == verdict and told == note and (token is not None or task.awaits is Awaits.NOBODY):
        return given
    refuse_withdrawn(session, task)
    if task.awaits is not Awaits.NOBODY:
        raise own_first_read(reader, task.screening.id)
    raise AlreadyRead(
        "You have given a verdict on this cell already; it stands as it was. Withdraw it to give another."
    )


def is_released(session: Session, task: Task) -> bool:
    """Whether this reader's verdict is part of a result that has been signed."""
    signed_at = released_at(session, task.screening.case_id)
    return task.step is Step.DONE and signed_at is not None and task.own[-1].at <= signed_at
