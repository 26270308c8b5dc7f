"""Versions of a case's result and their signatures. Append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, UtcDateTime


class ResultVersionRow(Base):
    __tablename__ = "result_versions"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"))
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(24))  # no enum: pages say of an altered one that it was not signed
    canonical_json: Mapped[str] = mapped_column(Text, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    supersedes_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("result_versions.id"))
    position: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignatureRow(Base):
    __tablename__ = "signatures"

    version_id: Mapped[UUID] = mapped_column(Id, ForeignKey("result_versions.id"), primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    printed_name: Mapped[str] = mapped_column(String(200))
    meaning: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
