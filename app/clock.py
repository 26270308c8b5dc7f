"""The only reader of the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The time, aware, in UTC, to the microsecond (which is what both databases keep)."""
    return datetime.now(UTC)
