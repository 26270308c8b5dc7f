"""A human's verdict on a screening. Append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, UtcDateTime


class ReadRow(Base):
    __tablename__ = "reads"
    __table_args__ = (
        ForeignKeyConstraint(["screening_id", "submitted_by"], ["screenings.id", "screenings.submitted_by"]),
        CheckConstraint("reader_id <> submitted_by", name="not_by_the_uploader"),
        Index("ix_reads_screening_id_at", "screening_id", "at"),
        Index(
            "uq_reads_screening_id_reader_id_standing",
            "screening_id",
            "reader_id",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    screening_id: Mapped[UUID] = mapped_column(Id)
    submitted_by: Mapped[UUID] = mapped_column(Id)
    reader_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    blind_verdict: Mapped[str | None] = mapped_column(String(24))
    verdict: Mapped[str | None] = mapped_column(String(24))
    note_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("notes.id"))
    note_digest: Mapped[str | None] = mapped_column(String(64))
    seconds: Mapped[int | None]
    supersedes_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("reads.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
