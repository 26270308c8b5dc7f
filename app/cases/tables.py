"""The pseudonymous specimen. Identifiers and notes stand apart, so that retention may empty them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.rules import Priority
from app.db import Base, Coded, Id, UtcDateTime


class CaseRow(Base):
    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    opened_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    identifiers: Mapped["CaseIdentifierRow | None"] = relationship(lazy="joined")

    @property
    def accession(self) -> str | None:
        return self.identifiers.accession if self.identifiers else None

    @property
    def subject(self) -> str | None:
        return self.identifiers.subject if self.identifiers else None


class CaseIdentifierRow(Base):
    """Not append-only: a ledgered correction or purge may change it. The salt goes with what it salts."""

    __tablename__ = "case_identifiers"

    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"), primary_key=True)
    accession: Mapped[str | None] = mapped_column(String(64), unique=True)
    subject: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_case_identifiers_accession_folded", func.lower(accession)),
        Index("ix_case_identifiers_subject_folded", func.lower(subject)),
    )


class CaseShareRow(Base):
    """Comes and goes; the ledger remembers both."""

    __tablename__ = "case_shares"

    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"), primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True, index=True)
    shared_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoteRow(Base):
    """Free text of a person. Not append-only: a purge may empty text and salt."""

    __tablename__ = "notes"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[str | None] = mapped_column(String(64))


class CasePriorityRow(Base):
    """How urgent a case is; the latest row counts. Append-only."""

    __tablename__ = "case_priorities"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"), index=True)
    priority: Mapped[Priority] = mapped_column(Coded(Priority, 16))
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseWithdrawalRow(Base):
    """A case that is not to be read or reported any more, and why. Append-only."""

    __tablename__ = "case_withdrawals"

    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"), primary_key=True)
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    note_id: Mapped[UUID] = mapped_column(Id, ForeignKey("notes.id"))
    note_digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
