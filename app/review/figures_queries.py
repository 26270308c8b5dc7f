"""Counts over many screenings and reads, for the figures page and for what a change of policy would do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.cases.tables import CaseRow
from app.screening.rules import Band, ReviewReason
from app.screening.tables import FlagReasonRow, OpenFlagRow, ScreeningRow

ODD = (ReviewReason.ATYPICAL, ReviewReason.SAME_IMAGE_OTHER_SUBJECT)
"""What flags a cell whatever the policy says."""


@dataclass(frozen=True)
class Tally:
    """So many screenings of one band (None: unusable). `odd`: flagged whatever the policy says."""

    band: Band | None
    odd: bool
    count: int


def tallies(session: Session, *, since: datetime) -> list[Tally]:
    odd = case((ScreeningRow.reasons.any(FlagReasonRow.reason.in_(ODD)), 1), else_=0).label("odd")
    told = select(ScreeningRow.band, odd).where(ScreeningRow.at >= since).subquery()
    counted = select(told.c.band, told.c.odd, func.count()).group_by(told.c.band, told.c.odd)
    return [Tally(Band(band) if band else None, bool(odd), count) for band, odd, count in session.execute(counted)]


def usable_cells(session: Session, *, since: datetime) -> list[int]:
    """Of each case that was opened since, and has screenings: how many of its cells have a score."""
    of_case = select(func.count(ScreeningRow.band)).join(CaseRow).where(CaseRow.opened_at >= since)
    return list(session.scalars(of_case.group_by(ScreeningRow.case_id)))


def waiting_since_before(session: Session, at: datetime) -> int:
    open_flags = select(func.count()).select_from(OpenFlagRow)
    return session.scalar(open_flags.where(OpenFlagRow.flagged_at < at)) or 0
