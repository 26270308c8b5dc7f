"""Times as people read them: in the site's zone, and how long ago."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_STEPS = (
    (timedelta(days=365), "year"),
    (timedelta(days=30), "month"),
    (timedelta(days=7), "week"),
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


@dataclass(frozen=True)
class Moment:
    """`machine`: what <time datetime> holds, in UTC; `exact`: to the second, for the ledger."""

    machine: str
    absolute: str
    exact: str
    ago: str


def moment(at: datetime, *, zone: tzinfo, now: datetime) -> Moment:
    machine = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Moment(machine, absolute(at, zone=zone), exact(at, zone=zone), ago(at, now=now))


def absolute(at: datetime, *, zone: tzinfo) -> str:
    """`2026-10-25 02:30 CEST`: the zone's letters tell the two hours apart that a clock shows twice in autumn."""
    return _told(at.astimezone(zone), "%Y-%m-%d %H:%M")


def exact(at: datetime, *, zone: tzinfo) -> str:
    return _told(at.astimezone(zone), "%Y-%m-%d %H:%M:%S")


def _told(there: datetime, pattern: str) -> str:
    letters = there.strftime("%Z")
    return f"{there.strftime(pattern)} {letters if letters.isalpha() else 'UTC' + letters}"


def ago(at: datetime, *, now: datetime) -> str:
    """`3 hours ago`, `in 2 days`, `just now`: whole steps, rounded down."""
    passed = now - at
    for step, name in _STEPS:
        count = abs(passed) // step
        if count:
            told = f"{count} {name}{'s' if count > 1 else ''}"
            return f"{told} ago" if passed > timedelta(0) else f"in {told}"
    return "just now" if passed >= timedelta(0) else "in a moment"
