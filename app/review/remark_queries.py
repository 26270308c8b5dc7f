"""What people wrote about a cell, and who: comments on it, and why another read of it was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.cases.queries import note_text
from app.review.tables import CommentRow, ReadRequestRow


@dataclass(frozen=True)
class Remark:
    """`text`: None once retention has emptied it."""

    by: str
    at: datetime
    text: str | None


def remarks(session: Session, rows: Sequence[CommentRow] | Sequence[ReadRequestRow]) -> tuple[Remark, ...]:
    """In the order of the rows."""
    names = accounts.names(session, {row.by_id for row in rows})
    return tuple(Remark(names[row.by_id], row.at, note_text(session, row.note_id)) for row in rows)
