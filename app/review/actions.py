"""A second pair of eyes: a verdict is given."""

from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.audit.refusals import Refusal
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.errors import Conflict, Invalid
from app.review import queries, rules
from app.review.rules import ReadKind, Verdict
from app.review.tables import ReadRow
from app.screening import queries as screening_queries
from app.screening.queries import ScreeningNotFound
from app.screening.rules import Band
from app.screening.tables import ScreeningRow


class NoteMissing(Invalid):
    code = "note_missing"


class NoteTooLong(Invalid):
    code = "note_too_long"


class AlreadyRead(Conflict):
    code = "already_read"


class NotWaiting(Conflict):
    code = "not_waiting"


class OwnUpload(Refusal):
    code = "own_upload"


def give_verdict(
    session: Session, reader: Actor, *, screening_id: UUID, verdict: Verdict, note: str, seconds: int | None = None
) -> ReadRow:
    """One read, which settles the flag. The same verdict sent twice is one read.

    Raises ScreeningNotFound, OwnUpload, NoteMissing, NoteTooLong, AlreadyRead or NotWaiting; then nothing is stored.
    """
    ledger.lock(session)
    screening = screening_queries.find(session, screening_id)
    if screening is None:
        raise ScreeningNotFound("There is no such screening.")
    if screening.submitted_by == reader.id:
        raise _own_upload(reader, screening)
    note = note.strip()
    if earlier := queries.read_by(session, screening_id=screening_id, reader_id=reader.id):
        return _same_again(session, earlier, verdict=verdict, note=note)
    flag = queries.flag(session, screening_id)
    if flag is None:
        raise NotWaiting("This cell is not waiting for a read any more: somebody else has settled it.")
    _check_note(note, verdict=verdict, screening=screening)
    read = _write(session, reader, screening=screening, verdict=verdict, note=note, seconds=seconds)
    session.delete(flag)
    return read


def _own_upload(reader: Actor, screening: ScreeningRow) -> OwnUpload:
    return OwnUpload(
        "Nobody reads what they uploaded. Leave this cell to another reviewer.",
        actor=reader,
        event=Event(Act.READ_REFUSED, "screening", str(screening.id), {"why": "own upload"}),
    )


def _same_again(session: Session, earlier: ReadRow, *, verdict: Verdict, note: str) -> ReadRow:
    told = (case_queries.note_text(session, earlier.note_id) or "") if earlier.note_id else ""
    if earlier.verdict == verdict and told == note:
        return earlier
    raise AlreadyRead("You have given a verdict on this cell already; it stands as it was.")


def _check_note(note: str, *, verdict: Verdict, screening: ScreeningRow) -> None:
    if len(note) > rules.NOTE_LENGTH_MOST:
        raise NoteTooLong(f"A note has at most {rules.NOTE_LENGTH_MOST} characters; this one has {len(note)}.")
    band = Band(screening.band) if screening.band else None
    if not note and rules.departs_from_model(verdict, band=band):
        raise NoteMissing("Your verdict departs from the model. Say in the note what you saw, then send again.")


def _write(
    session: Session, reader: Actor, *, screening: ScreeningRow, verdict: Verdict, note: str, seconds: int | None
) -> ReadRow:
    note_id, note_digest = cases.write_note(session, text=note) if note else (None, None)
    read = ReadRow(
        id=uuid4(),
        screening_id=screening.id,
        submitted_by=screening.submitted_by,
        reader_id=reader.id,
        kind=ReadKind.FIRST.value,
        verdict=verdict.value,
        note_id=note_id,
        note_digest=note_digest,
        seconds=seconds,
        at=clock.now(),
    )
    session.add(read)
    session.flush()
    detail = {"digest": queries.digest_of(read), "screening": str(screening.id), "verdict": verdict.value}
    if note_digest:
        detail["note_digest"] = note_digest
    ledger.record(session, reader, Event(Act.READ_GIVEN, "read", str(read.id), detail))
    return read
