"""Counts over many screenings and reads, for the page of figures and for what a change of policy would do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.cases.tables import CaseRow
from app.db import in_parts
from app.review import queries, read_queries
from app.review.figures_rules import GivenRead, Sampled
from app.review.rules import Review, ReviewState
from app.review.tables import ReadRow
from app.screening.rules import ODD, Band, ReviewReason
from app.screening.tables import FlagReasonRow, ModelRow, OpenFlagRow, ScreeningRow

WHATEVER_THE_POLICY = ODD | {ReviewReason.SAME_IMAGE_OTHER_SUBJECT}
"""What flags a cell whatever the policy says."""
BY_RULE = (ReviewReason.QUALITY_SAMPLE, ReviewReason.POLICY_READ)
"""What flags a cell without looking at it."""


@dataclass(frozen=True)
class Tally:
    """So many screenings of one band (None: unusable). `odd`: flagged whatever the policy says."""

    band: Band | None
    odd: bool
    count: int


def tallies(session: Session, *, since: datetime) -> list[Tally]:
    odd = case((ScreeningRow.reasons.any(FlagReasonRow.reason.in_(WHATEVER_THE_POLICY)), 1), else_=0).label("odd")
    told = select(ScreeningRow.band, odd).where(ScreeningRow.at >= since).subquery()
    counted = select(told.c.band, told.c.odd, func.count()).group_by(told.c.band, told.c.odd)
    return [Tally(band, bool(odd), count) for band, odd, count in session.execute(counted)]


def settled(session: Session, *, since: datetime) -> int:
    """How many screenings since do not wait for a read: of those that do, a blind reader is to know nothing."""
    return session.scalar(select(func.count()).where(*_settled(since))) or 0


def flagged(session: Session, *, since: datetime) -> dict[ReviewReason, int]:
    """How many of those were flagged, by reason; one may have several."""
    given = select(FlagReasonRow.reason, func.count())
    given = given.join(ScreeningRow, ScreeningRow.id == FlagReasonRow.screening_id).where(*_settled(since))
    return {row.reason: row[1] for row in session.execute(given.group_by(FlagReasonRow.reason))}


def _settled(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return ScreeningRow.at >= since, ScreeningRow.id.not_in(select(OpenFlagRow.screening_id))


def usable_cells(session: Session, *, since: datetime) -> list[int]:
    """Of each case that was opened since, and has screenings: how many of its cells have a score, each image once."""
    scored = case((ScreeningRow.band.is_not(None), ScreeningRow.pixels_sha256))
    opened = select(CaseRow.id).where(CaseRow.opened_at >= since)
    of_case = select(func.count(scored.distinct())).where(ScreeningRow.case_id.in_(opened))
    return list(session.scalars(of_case.group_by(ScreeningRow.case_id)))


def waiting_since_before(session: Session, at: datetime) -> int:
    open_flags = select(func.count()).select_from(OpenFlagRow)
    return session.scalar(open_flags.where(OpenFlagRow.flagged_at < at)) or 0


def calls(session: Session, *, since: datetime) -> list[GivenRead]:
    """Every final verdict that stands, given since."""
    told = (
        select(
            ReadRow.screening_id,
            ReadRow.reader_id,
            ModelRow.name,
            ModelRow.version,
            ScreeningRow.band,
            ReadRow.kind,
            ReadRow.blind_verdict,
            ReadRow.verdict,
            ReadRow.seconds,
            ReadRow.at,
        )
        .join(ScreeningRow, ScreeningRow.id == ReadRow.screening_id)
        .join(ModelRow, ModelRow.id == ScreeningRow.model_id)
        .where(ReadRow.verdict.is_not(None), ReadRow.at >= since, read_queries.stands())
    )
    return [
        GivenRead(
            screening=row.screening_id,
            reader=row.reader_id,
            model=f"{row.name} {row.version}",
            band=row.band,
            kind=row.kind,
            blind=row.blind_verdict,
            final=row.verdict,
            seconds=row.seconds,
            at=row.at,
        )
        for row in session.execute(told)
    ]


def sampled(session: Session, *, since: datetime) -> list[Sampled]:
    """The confident results of cells screened since that lot or policy had read, and nothing else."""
    by_rule = ScreeningRow.reasons.any(FlagReasonRow.reason.in_(BY_RULE))
    odd = ScreeningRow.reasons.any(FlagReasonRow.reason.in_(WHATEVER_THE_POLICY))
    confident = ScreeningRow.band.in_((Band.SUSPECTED, Band.NOT_SUSPECTED))
    ids = list(session.scalars(select(ScreeningRow.id).where(ScreeningRow.at >= since, confident, by_rule, ~odd)))
    found = []
    for some in in_parts(ids):
        rows = list(session.scalars(select(ScreeningRow).where(ScreeningRow.id.in_(some))))
        reviews = queries.reviews_by_id(session, some)
        found += [_sampled(row, row.band, reviews[row.id]) for row in rows if row.band]
        session.expunge_all()
    return found


def _sampled(screening: ScreeningRow, band: Band, review: Review) -> Sampled:
    return Sampled(
        model=f"{screening.model.name} {screening.model.version}",
        band=band,
        found=review.verdict if review.state is ReviewState.SETTLED else None,
    )
