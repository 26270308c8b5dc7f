"""Saying something about a screening, for the record."""

from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.cases.rules import NOTE_LENGTH_MOST
from app.errors import Invalid
from app.review import comment_queries, queries
from app.review.tables import CommentRow
from app.typed import plain


class CommentMissing(Invalid):
    code = "comment_missing"


class CommentTooLong(Invalid):
    code = "comment_too_long"


def comment(session: Session, actor: Actor, *, screening_id: UUID, text: str) -> CommentRow:
    """What whoever may see a screening says about it; it stays as it was said. The same twice in a row is said once.

    Raises ScreeningNotFound, CommentMissing or CommentTooLong; then nothing is stored.
    """
    ledger.lock(session)
    screening = queries.visible(session, actor, screening_id)
    said = _checked(text)
    earlier = comment_queries.of_screening(session, screening.id)
    if earlier and earlier[-1].by_id == actor.id and case_queries.note_text(session, earlier[-1].note_id) == said:
        return earlier[-1]
    note_id, note_digest = cases.write_note(session, text=said)
    row = CommentRow(
        id=uuid4(),
        screening_id=screening.id,
        by_id=actor.id,
        note_id=note_id,
        note_digest=note_digest,
        at=clock.now(),
    )
    session.add(row)
    session.flush()
    detail: dict[str, Value] = {
        "digest": comment_queries.digest_of(row),
        "note_digest": note_digest,
        "screening": str(screening.id),
    }
    ledger.record(session, actor, Event(Act.COMMENTED, "comment", str(row.id), detail))
    return row


def _checked(text: str) -> str:
    said = plain(text)
    if not said:
        raise CommentMissing("Write something first.")
    if len(said) > NOTE_LENGTH_MOST:
        raise CommentTooLong(
            f"A comment has at most {NOTE_LENGTH_MOST} characters; this one has {len(said)}. Shorten it and send again."
        )
    return said
