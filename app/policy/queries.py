"""The policy in force, and those before it."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.digest import digest, told_of
from app.audit.verify import recomputed
from app.policy.rules import Policy, remembered
from app.policy.tables import PolicyRow


def current(session: Session) -> Policy:
    """The latest decided, or the defaults where nothing has been decided yet."""
    row = session.scalars(select(PolicyRow).order_by(PolicyRow.number.desc()).limit(1)).first()
    return remembered(row.number, row.rules) if row else Policy()


def judged_by(session: Session, numbers: set[int | None]) -> dict[int | None, Policy]:
    """The versions that screenings were judged by; the defaults for 0 and for None, from before there were policies."""
    rows = session.scalars(select(PolicyRow).where(PolicyRow.number.in_({one for one in numbers if one})))
    found: dict[int | None, Policy] = {row.number: remembered(row.number, row.rules) for row in rows}
    return {number: found.get(number, Policy()) for number in numbers}


def history(session: Session, *, offset: int, limit: int) -> list[PolicyRow]:
    """The newest first."""
    newest = select(PolicyRow).order_by(PolicyRow.number.desc())
    return list(session.scalars(newest.offset(offset).limit(limit)))


def digest_of(row: PolicyRow) -> str:
    return digest(told_of(row, "number", "rules", "decided_by", "at"))


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every version with its digest recomputed, for `audit verify`."""
    return recomputed(session, PolicyRow, PolicyRow.number, digest_of)
