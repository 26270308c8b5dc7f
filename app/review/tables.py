"""A human's verdict on a screening and what is said about it (append-only), and what comes and goes while reading."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Coded, Id, UtcDateTime
from app.review.rules import ReadKind, Verdict


class ReadRow(Base):
    __tablename__ = "reads"
    __table_args__ = (
        ForeignKeyConstraint(["screening_id", "submitted_by"], ["screenings.id", "screenings.submitted_by"]),
        CheckConstraint("reader_id <> submitted_by", name="not_by_the_uploader"),
        Index("ix_reads_screening_id_at", "screening_id", "at"),
        Index("ix_reads_reader_id_at", "reader_id", "at"),
        Index(
            "uq_reads_screening_id_reader_id_standing",
            "screening_id",
            "reader_id",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
        Index("uq_reads_supersedes_id", "supersedes_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    screening_id: Mapped[UUID] = mapped_column(Id)
    submitted_by: Mapped[UUID] = mapped_column(Id)
    reader_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    kind: Mapped[ReadKind] = mapped_column(Coded(ReadKind, 16))
    blind_verdict: Mapped[Verdict | None] = mapped_column(Coded(Verdict, 24))
    verdict: Mapped[Verdict | None] = mapped_column(Coded(Verdict, 24))
    note_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("notes.id"))
    note_digest: Mapped[str | None] = mapped_column(String(64))
    seconds: Mapped[int | None]
    supersedes_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("reads.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ReadRequestRow(Base):
    """Somebody asked for another read of a settled cell, and why. Append-only; its words lie in `notes`.

    `contests_id`: the call that had settled the cell, which is contested once; `reads_needed`: how many independent
    reads the cell has to have from then on.
    """

    __tablename__ = "read_requests"
    __table_args__ = (UniqueConstraint("contests_id"), CheckConstraint("reads_needed > 1", name="one_more_read"))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), index=True)
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    contests_id: Mapped[UUID] = mapped_column(Id, ForeignKey("reads.id"))
    reads_needed: Mapped[int]
    note_id: Mapped[UUID] = mapped_column(Id, ForeignKey("notes.id"))
    note_digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CommentRow(Base):
    """What somebody who may see a screening says about it. Append-only; its words lie in `notes`."""

    __tablename__ = "comments"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), index=True)
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    note_id: Mapped[UUID] = mapped_column(Id, ForeignKey("notes.id"))
    note_digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DraftRow(Base):
    """A verdict and its note while they are being written. Comes and goes."""

    __tablename__ = "read_drafts"

    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    verdict: Mapped[Verdict | None] = mapped_column(Coded(Verdict, 24))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class PostponementRow(Base):
    """A reader has put a cell off until later. Comes and goes."""

    __tablename__ = "postponements"

    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class HandingRow(Base):
    """A cell has been handed on to one reader. Comes and goes."""

    __tablename__ = "handings"

    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), primary_key=True)
    to_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), index=True)
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReaderSettingsRow(Base):
    """How one reader likes the queue and the keys. Comes and goes."""

    __tablename__ = "reader_settings"

    reader_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    filters: Mapped[dict[str, str]] = mapped_column(JSON)
    keys: Mapped[dict[str, str]] = mapped_column(JSON)
