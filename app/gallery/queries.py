"""A whole case's cells at once, as plain values: ten thousand of them take a fraction of a second."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.gallery.rules import ShownCell, hide
from app.review import queries as reviews
from app.review.rules import NOT_NEEDED, Review
from app.screening.queries import reasons_in
from app.screening.rules import Band, ReviewReason
from app.screening.tables import ScreeningRow


def cells_of(session: Session, case_id: UUID) -> list[ShownCell]:
    """Every screening of a case in the order of time, with nothing hidden: for who counts, not for who shows."""
    columns = (
        ScreeningRow.id,
        ScreeningRow.pixels_sha256,
        ScreeningRow.band,
        ScreeningRow.unusable_reason,
        ScreeningRow.probability,
        ScreeningRow.at,
        ScreeningRow.model_id,
    )
    rows = select(*columns).where(ScreeningRow.case_id == case_id)
    found = session.execute(rows.order_by(ScreeningRow.at, ScreeningRow.id)).all()
    reasons = reasons_in(session, case_id)
    made = reviews.reviews_by_id(session, list(reasons))
    return [_cell(row, made.get(row.id, NOT_NEEDED), reasons.get(row.id, frozenset())) for row in found]


def _cell(
    row: Row[UUID, str, Band | None, str | None, float | None, datetime, UUID],
    review: Review,
    reasons: frozenset[ReviewReason],
) -> ShownCell:
    return ShownCell(
        id=row.id,
        image=row.pixels_sha256,
        band=row.band,
        refused=row.unusable_reason,
        review=review,
        probability=row.probability,
        at=row.at,
        reasons=reasons,
        model_id=row.model_id,
    )


def cells_shown_to(session: Session, actor: Actor, case_id: UUID) -> list[ShownCell]:
    """The same, without what this actor must not see yet."""
    return hide(cells_of(session, case_id), reviews.hidden_in_cases(session, actor, [case_id]))
