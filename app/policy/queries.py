"""Which decisions hold now, and which held before."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.policy.rules import Policy
from app.policy.tables import PolicyRow


def current(session: Session) -> Policy:
    """The latest version, or what holds before anybody has decided anything."""
    row = session.scalars(select(PolicyRow).order_by(PolicyRow.number.desc()).limit(1)).first()
    return Policy(number=row.number, **row.rules) if row else Policy()


def numbered(session: Session, number: int | None) -> Policy:
    """The version that a screening was judged by; `None` and 0 are those before any was decided."""
    row = session.get(PolicyRow, number) if number else None
    return Policy(number=row.number, **row.rules) if row else Policy()
