"""Who asked for another read of a settled cell, and why; who may ask now, and what it would lead to."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.actor import Actor
from app.audit.digest import digest, told_of
from app.audit.queries import released_at
from app.audit.verify import recomputed
from app.cases import queries as case_queries
from app.cases.queries import note_digest
from app.cases.rules import NOTE_LENGTH_MOST
from app.policy import queries as policies
from app.review import desk_queries, queries, words
from app.review.read_queries import History, history_of, senders
from app.review.remark_queries import Remark, remarks
from app.review.tables import ReadRequestRow
from app.screening.tables import ScreeningRow


@dataclass(frozen=True)
class Requests:
    """The oldest first. `what_follows`: what asking would lead to, in sentences; None for whom it is not, or not now.
    `length_most`: of a reason, in characters."""

    screening_id: UUID
    shown: tuple[Remark, ...]
    what_follows: str | None
    length_most: int = NOTE_LENGTH_MOST


def requests_for(session: Session, actor: Actor, screening: ScreeningRow) -> Requests:
    """Nothing of them while a blind read of theirs is due."""
    if screening.id in queries.hidden_from(session, actor, [screening.id]):
        return Requests(screening.id, (), None)
    history = history_of(session, screening.id)
    asks = history.settled_by is not None and may_ask(session, actor, screening)
    follows = _what_follows(session, actor, screening, history) if asks else None
    return Requests(screening.id, remarks(session, history.requests), follows)


def may_ask(session: Session, actor: Actor, screening: ScreeningRow) -> bool:
    """Whether this actor may ever ask: who signs cases, and until it is signed who opened the case."""
    case = screening.case
    if not case_queries.may_see(session, actor, case.id) or not case_queries.may_keep(session, actor, case):
        return False
    return case_queries.withdrawal(session, case.id) is None


def _what_follows(session: Session, actor: Actor, screening: ScreeningRow, history: History) -> str:
    out = {actor.id, *senders(session, screening)}
    return words.what_another_read_brings(
        readers=sum(one.id not in out for one in desk_queries.readers_left(session, history)),
        blind=policies.current(session).blind_first,
        signed=released_at(session, screening.case_id) is not None,
    )


def digest_of(request: ReadRequestRow) -> str:
    return digest(
        told_of(request, "id", "screening_id", "by_id", "contests_id", "reads_needed", "note_id", "note_digest", "at")
    )


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every request with its digest recomputed, for `audit verify`."""
    return recomputed(session, ReadRequestRow, ReadRequestRow.id, digest_of)


def note_facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every request with the digest of its reason recomputed."""
    return recomputed(session, ReadRequestRow, ReadRequestRow.id, lambda row: note_digest(session, row.note_id))
