"""A work item is held by one person at a time: claimed, renewed, released, with an expiry and a fencing token.

The token grows with every claim and is never used twice, so that whoever comes late with an old one is known for late.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, UtcDateTime


class LeaseRow(Base):
    """Stays when it is released, with `until` empty: its token must go on growing."""

    __tablename__ = "leases"

    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(Id)
    token: Mapped[int]
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
