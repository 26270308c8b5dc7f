"""Asking for another read of a cell that is settled."""

from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.audit.refusals import Refusal
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.errors import Conflict
from app.review import read_queries, request_queries, rules
from app.review.read_queries import History
from app.review.rules import Awaits
from app.review.tables import ReadRequestRow, ReadRow
from app.screening import queries as screenings
from app.screening.tables import ScreeningRow
from app.screening.work_list_actions import put_on_work_list


class NotYoursToAsk(Refusal):
    code = "not_yours_to_ask"


class NotSettled(Conflict):
    code = "not_settled"


def ask_for_another_read(session: Session, actor: Actor, *, screening_id: UUID, reason: str) -> ReadRequestRow:
    """One more independent read is needed of a settled cell, which stands on the work list again; what was said of it
    stays. The same request sent twice is one.

    Raises ScreeningNotFound, NotYoursToAsk, CaseWithdrawn, ReasonMissing, NoteTooLong or NotSettled; then nothing is
    stored.
    """
    ledger.lock(session)
    screening = screenings.get(session, actor, screening_id)
    _refuse_others(session, actor, screening)
    cases.refuse_withdrawn(session, case_id=screening.case_id)
    told = rules.parse_why_another(reason)
    history = read_queries.history_of(session, screening.id)
    if again := _same_again(session, actor, history, reason=told):
        return again
    row = _write(session, actor, history, contested=_settled_by(history), reason=told)
    put_on_work_list(session, screening, since=row.at)
    detail: dict[str, Value] = {
        "digest": request_queries.digest_of(row),
        "note_digest": row.note_digest,
        "screening": str(screening.id),
        "reads_needed": row.reads_needed,
    }
    ledger.record(session, actor, Event(Act.ANOTHER_READ_ASKED_FOR, "read_request", str(row.id), detail))
    return row


def _refuse_others(session: Session, actor: Actor, screening: ScreeningRow) -> None:
    if not case_queries.may_keep(session, actor, screening.case):
        raise NotYoursToAsk(
            "The person who opened a case may ask for another read of its cells until it is signed. After that, and in "
            "cases that a laboratory system sent, only a senior can.",
            actor=actor,
            event=Event(Act.ACT_FORBIDDEN, "screening", str(screening.id), {"permission": "ask for another read"}),
        )


def _same_again(session: Session, actor: Actor, history: History, *, reason: str) -> ReadRequestRow | None:
    last = history.requests[-1] if history.requests else None
    if last is None or last.by_id != actor.id or history.concluded.awaits is Awaits.NOBODY:
        return None
    return last if case_queries.note_text(session, last.note_id) == reason else None


def _settled_by(history: History) -> ReadRow:
    call = history.settled_by
    if call is not None:
        return call
    if history.concluded.awaits is Awaits.NOBODY:
        raise NotSettled("Nobody has read this cell yet, so that there is no other read to ask for.")
    raise NotSettled("This cell waits for a read already. Ask for another when it is settled, if you still need one.")


def _write(session: Session, actor: Actor, history: History, *, contested: ReadRow, reason: str) -> ReadRequestRow:
    note_id, note_digest = cases.write_note(session, text=reason)
    row = ReadRequestRow(
        id=uuid4(),
        screening_id=contested.screening_id,
        by_id=actor.id,
        contests_id=contested.id,
        reads_needed=history.needed + 1,
        note_id=note_id,
        note_digest=note_digest,
        at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row
