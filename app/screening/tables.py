"""What came in and what the model made of it. All but `open_flags` is append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.tables import CaseRow
from app.db import Base, Coded, Id, UtcDateTime
from app.screening import rules
from app.screening.rules import Band, ReviewReason


class ModelRow(Base):
    __tablename__ = "models"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(50))
    sha256: Mapped[str] = mapped_column(String(64))
    card_sha256: Mapped[str] = mapped_column(String(64))
    card: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)

    __table_args__ = (UniqueConstraint("sha256", "card_sha256"),)


class ActivationRow(Base):
    """From `at` on, this model served."""

    __tablename__ = "activations"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    model_id: Mapped[UUID] = mapped_column(Id, ForeignKey("models.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    activated_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    reason: Mapped[str] = mapped_column(String(200))


class ImageRow(Base):
    __tablename__ = "images"

    pixels_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScreeningRow(Base):
    __tablename__ = "screenings"
    __table_args__ = (
        UniqueConstraint("id", "submitted_by"),
        CheckConstraint("(probability IS NULL) = (logit IS NULL)", name="score_whole"),
        CheckConstraint("(probability IS NULL) = (band IS NULL)", name="band_with_score"),
        CheckConstraint("(unusable_reason IS NULL) = (probability IS NOT NULL)", name="unusable_has_no_score"),
        Index("ix_screenings_case_id_pixels_sha256", "case_id", "pixels_sha256"),
        Index("ix_screenings_pixels_sha256", "pixels_sha256"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    case_id: Mapped[UUID] = mapped_column(Id, ForeignKey("cases.id"))
    submitted_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))
    received_sha256: Mapped[str] = mapped_column(String(64))
    pixels_sha256: Mapped[str] = mapped_column(String(64), ForeignKey("images.pixels_sha256"))
    model_id: Mapped[UUID] = mapped_column(Id, ForeignKey("models.id"))
    thresholds: Mapped[dict[str, float]] = mapped_column(JSON)
    logit: Mapped[float | None] = mapped_column(Float(53))
    probability: Mapped[float | None] = mapped_column(Float(53))
    band: Mapped[Band | None] = mapped_column(Coded(Band, 16))
    unusable_reason: Mapped[str | None] = mapped_column(String(40))
    sandbox: Mapped[bool]
    policy: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    case: Mapped[CaseRow] = relationship(lazy="joined")
    model: Mapped[ModelRow] = relationship(lazy="joined")
    reasons: Mapped[list["FlagReasonRow"]] = relationship(lazy="selectin", order_by="FlagReasonRow.reason")

    @property
    def given(self) -> frozenset[ReviewReason]:
        return frozenset(row.reason for row in self.reasons)

    @property
    def clears(self) -> bool:
        """Whether a low score would clear the cell."""
        return rules.clears(self.given)

    @property
    def low_score_says_nothing(self) -> bool:
        return rules.low_score_says_nothing(self.given, band=self.band)


class FlagReasonRow(Base):
    __tablename__ = "flag_reasons"

    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), primary_key=True)
    reason: Mapped[ReviewReason] = mapped_column(Coded(ReviewReason, 40), primary_key=True)


class SubmissionRow(Base):
    """A lab client's Idempotency-Key and what it led to."""

    __tablename__ = "submissions"

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.actor_id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OpenFlagRow(Base):
    """The work list: the one derived table. `screening` adds, `review` takes away, each in the deciding transaction."""

    __tablename__ = "open_flags"
    __table_args__ = (Index("ix_open_flags_order", "certainty", "flagged_at"),)

    screening_id: Mapped[UUID] = mapped_column(Id, ForeignKey("screenings.id"), primary_key=True)
    certainty: Mapped[float] = mapped_column(Float(53))
    flagged_at: Mapped[datetime] = mapped_column(UtcDateTime)
