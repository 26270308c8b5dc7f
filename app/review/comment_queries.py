"""What has been said about a screening, and how much of it somebody may read now."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.verify import recomputed
from app.cases.queries import note_digest
from app.cases.rules import NOTE_LENGTH_MOST
from app.review import queries
from app.review.remark_queries import Remark, remarks
from app.review.tables import CommentRow


@dataclass(frozen=True)
class Comments:
    """The oldest first. `hidden`: how many others said, that this reader sees when their own call is given.
    `length_most`: of one more, in characters."""

    screening_id: UUID
    shown: tuple[Remark, ...]
    hidden: int
    length_most: int = NOTE_LENGTH_MOST


def comments_for(session: Session, actor: Actor, screening_id: UUID) -> Comments:
    """While a blind read of theirs is due somebody sees only their own: others' words could give the score away."""
    rows = of_screening(session, screening_id)
    blind = bool(rows) and screening_id in queries.hidden_from(session, actor, [screening_id])
    shown = [row for row in rows if row.by_id == actor.id or not blind]
    return Comments(screening_id, remarks(session, shown), len(rows) - len(shown))


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
