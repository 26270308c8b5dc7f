"""A work item is held by one person at a time: claimed, renewed, released, with an expiry and a fencing token.

The token grows whenever the item changes hands, so that whoever comes late with an old one is known for late. A claim
is one statement, which both databases decide on their own: of many at once, one gets the item.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, case, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base, Id, UtcDateTime
from app.errors import Conflict


class LeaseRow(Base):
    """Stays when it is released, with `until` empty: its token must go on growing."""

    __tablename__ = "leases"

    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(Id)
    token: Mapped[int]
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Held(Conflict):
    """Somebody else has it."""

    code = "held"

    def __init__(self, lease: LeaseRow) -> None:
        super().__init__("Somebody else holds this at the moment.")
        self.lease = lease


@dataclass(frozen=True)
class Item:
    kind: str
    id: UUID


def claim(session: Session, item: Item, *, holder_id: UUID, at: datetime, length: timedelta) -> LeaseRow:
    """The item is the holder's until then. Who claims what they had last goes on under the same token: two tabs of one
    person do not shut each other out.

    Raises Held.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(LeaseRow).values(
        kind=item.kind, item_id=item.id, holder_id=holder_id, token=1, claimed_at=at, until=at + length
    )
    theirs = LeaseRow.holder_id == holder_id
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "item_id"],
        set_={
            "holder_id": holder_id,
            "token": case((theirs, LeaseRow.token), else_=LeaseRow.token + 1),
            "claimed_at": case((and_(theirs, LeaseRow.until > at), LeaseRow.claimed_at), else_=at),
            "until": at + length,
        },
        where=or_(theirs, LeaseRow.until.is_(None), LeaseRow.until <= at),
    )
    session.execute(statement)
    lease = session.get_one(LeaseRow, (item.kind, item.id), populate_existing=True)
    if lease.holder_id != holder_id:
        raise Held(lease)
    return lease


def renew(session: Session, item: Item, *, holder_id: UUID, token: int, at: datetime, length: timedelta) -> bool:
    """Whether the item is still the holder's, however long ago the lease ran out: they have not released it, and nobody
    else has claimed it since."""
    held = LeaseRow.until.is_not(None)
    return _change(session, item, held, holder_id=holder_id, token=token, until=at + length)


def release(session: Session, item: Item, *, holder_id: UUID, token: int) -> bool:
    return _change(session, item, holder_id=holder_id, token=token, until=None)


def let_go(session: Session, item: Item) -> None:
    """The item is free, whoever held it."""
    session.execute(update(LeaseRow).where(LeaseRow.kind == item.kind, LeaseRow.item_id == item.id).values(until=None))


def _change(
    session: Session, item: Item, *besides: ColumnElement[bool], holder_id: UUID, token: int, until: datetime | None
) -> bool:
    theirs = update(LeaseRow).where(
        *besides,
        LeaseRow.kind == item.kind,
        LeaseRow.item_id == item.id,
        LeaseRow.holder_id == holder_id,
        LeaseRow.token == token,
    )
    done = session.execute(theirs.values(until=until).returning(LeaseRow.token))
    return done.first() is not None
