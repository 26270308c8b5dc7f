"""The chained record of every act. `record` only queues; the listener gives positions and hashes at the commit.

Chain: hash = SHA-256 of the canonical JSON of a row's other columns, `prev_hash` among them. The first row's
`prev_hash` is 64 zeros.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import queries
from app.audit.digest import digest, told_of
from app.audit.events import Event
from app.audit.tables import LedgerRow

GENESIS = "0" * 64
CHAIN_LOCK = 0x626C6173  # "blas", the key of PostgreSQL's advisory lock
_QUEUE = "ledger_queue"


@dataclass(frozen=True)
class _Queued:
    at: datetime
    actor_id: UUID
    event: Event


def record(session: Session, actor: Actor, happened: Event) -> None:
    """Queue an event; it is chained and inserted when the session commits, and lost when it rolls back."""
    if not session.in_transaction():
        session.begin()  # so that a roll-back forgets the event even where no statement has been sent
    queue: list[_Queued] = session.info.setdefault(_QUEUE, [])
    queue.append(_Queued(clock.now(), actor.id, happened))


def lock(session: Session) -> None:
    """Take the chain's lock for the rest of the transaction (SQLite: the session began with the write lock)."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})


def next_position(session: Session) -> int:
    """Where the next event that this session records will stand. Takes the chain's lock, so that it stays true."""
    lock(session)
    head = queries.head(session)
    queued: list[_Queued] = session.info.get(_QUEUE, [])
    return (head.position if head else 0) + len(queued) + 1


@event.listens_for(Session, "before_commit")  # on import: whoever can record an event can not lose it
def _chain(session: Session) -> None:
    queue: list[_Queued] = session.info.pop(_QUEUE, [])
    if not queue:
        return
    session.flush()
    lock(session)
    head = queries.head(session)
    position, previous = (head.position, head.hash) if head else (0, GENESIS)
    for queued in queue:
        position += 1
        row = LedgerRow(
            position=position,
            at=queued.at,
            actor_id=queued.actor_id,
            act=queued.event.act.value,
            object_kind=queued.event.object_kind,
            object_id=queued.event.object_id,
            detail=dict(queued.event.detail),
            prev_hash=previous,
        )
        row.hash = previous = hash_of(row)
        session.add(row)
    session.flush()


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop(_QUEUE, None)


def hash_of(row: LedgerRow) -> str:
    return digest(told_of(row, "position", "at", "actor_id", "act", "object_kind", "object_id", "detail", "prev_hash"))
