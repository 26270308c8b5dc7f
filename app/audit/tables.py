"""The ledger's row. Append-only: triggers made by the migrations refuse UPDATE, DELETE and TRUNCATE."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, UtcDateTime


class LedgerRow(Base):
    __tablename__ = "ledger"
    __table_args__ = (
        Index("ix_ledger_act_position", "act", "position"),
        Index("ix_ledger_act_at", "act", "at"),
        Index("ix_ledger_object", "object_kind", "object_id"),
        Index("ix_ledger_actor_id", "actor_id"),
    )

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    act: Mapped[str] = mapped_column(String(64))
    object_kind: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
