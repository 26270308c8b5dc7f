"""The work list: `screening` puts a cell on it, `review` takes it off and puts it back."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.screening.rules import certainty
from app.screening.tables import OpenFlagRow, ScreeningRow


def put_on_work_list(session: Session, screening: ScreeningRow, *, since: datetime) -> None:
    """`since`: from when on it waits for a read."""
    sure = certainty(screening.probability, clears=screening.clears)
    session.add(OpenFlagRow(screening_id=screening.id, certainty=sure, flagged_at=since))
    session.flush()
