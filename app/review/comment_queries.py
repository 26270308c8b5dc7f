"""What has been said about a screening, and how much of it somebody may read now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.verify import recomputed
from app.cases.queries import note_digest, note_text
from app.cases.rules import NOTE_LENGTH_MOST
from app.review import queries
from app.review.tables import CommentRow


@dataclass(frozen=True)
class Comment:
    """`text`: None once retention has emptied it."""

    by: str
    at: datetime
    text: str | None


@dataclass(frozen=True)
class Comments:
    """The oldest first. `hidden`: how many others said, that this reader sees when their own call is given.
    `length_most`: of one more, in characters."""

    screening_id: UUID
    shown: tuple[Comment, ...]
    hidden: int
    length_most: int = NOTE_LENGTH_MOST


def comments_for(session: Session, actor: Actor, screening_id: UUID) -> Comments:
    """While a blind read of theirs is due somebody sees only their own: others' words could give the score away."""
    rows = of_screening(session, screening_id)
    blind = bool(rows) and screening_id in queries.hidden_from(session, actor, [screening_id])
    shown = [row for row in rows if row.by_id == actor.id or not blind]
    names = accounts.names(session, {row.by_id for row in shown})
    told = tuple(Comment(names[row.by_id], row.at, note_text(session, row.note_id)) for row in shown)
    return Comments(screening_id, told, len(rows) - len(shown))


def of_screening(session: Session, screening_id: UUID) -> list[CommentRow]:
    rows = select(CommentRow).where(CommentRow.screening_id == screening_id)
    return list(session.scalars(rows.order_by(CommentRow.at, CommentRow.id)))


def digest_of(comment: CommentRow) -> str:
    return digest(told_of(comment, "id", "screening_id", "by_id", "note_digest", "at"))


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every comment with its digest recomputed, for `audit verify`."""
    return recomputed(session, CommentRow, CommentRow.id, digest_of)


def note_facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every comment with the digest of its words recomputed."""
    return recomputed(session, CommentRow, CommentRow.id, lambda row: note_digest(session, row.note_id))
