"""What the laboratory has decided about review and reporting, each decision a version. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, UtcDateTime


class PolicyRow(Base):
    __tablename__ = "policies"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    decided_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
