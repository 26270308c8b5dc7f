"""What a laboratory may decide about review and reporting, and within which bounds."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.errors import Invalid
from app.typed import whole_number

READS_MOST = 2
SHARE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")


@dataclass(frozen=True)
class Policy:
    """One version of the laboratory's decisions; number 0, which no row holds, is what applies before the first.

    `reads_*`: how many independent reads every cell of that band gets, flagged otherwise or not.
    """

    number: int = 0
    quality_sample_share: float = 0.02
    reads_suspected: int = 0
    reads_uncertain: int = 1
    reads_not_suspected: int = 0
    blind_first: bool = True
    turnaround_hours: int = 24
    prevalence_all: float = 0.5
    minimum_cells: int = 20
    lease_minutes: int = 15
    undo_seconds: int = 60

    def reads_wanted(self, band: str | None) -> int:
        """For every cell of this band; None, an unusable image, is read only when somebody asks."""
        return int(getattr(self, f"reads_{band}")) if band else 0

    def reads_needed(self, band: str | None) -> int:
        """To settle a flagged cell of this band: whatever flagged it, somebody reads it."""
        return max(1, self.reads_wanted(band))

    @property
    def turnaround(self) -> timedelta:
        return timedelta(hours=self.turnaround_hours)

    @property
    def lease(self) -> timedelta:
        return timedelta(minutes=self.lease_minutes)

    @property
    def undo(self) -> timedelta:
        return timedelta(seconds=self.undo_seconds)

    def as_json(self) -> dict[str, Any]:
        """All but the number."""
        told = asdict(self)
        del told["number"]
        return told


DECISIONS = tuple(field.name for field in fields(Policy) if field.name != "number")
WHOLE = {
    "reads_suspected": (0, READS_MOST),
    "reads_uncertain": (1, READS_MOST),
    "reads_not_suspected": (0, READS_MOST),
    "turnaround_hours": (1, 720),
    "minimum_cells": (1, 1000),
    "lease_minutes": (1, 240),
    "undo_seconds": (0, 600),
}
"""The smallest and the largest that each may be. A cell that the model is not sure of is always read."""


class UnusablePolicy(Invalid):
    """`faults`: what is wrong with each decision that cannot be used, in a sentence."""

    code = "policy_unusable"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("Correct what is marked. Nothing has been changed.")
        self.faults = dict(faults)


def parse(typed: Mapping[str, str]) -> Policy:
    """A policy, not yet numbered, from the fields of a form; shares are typed in percent. Raises UnusablePolicy."""
    told: dict[str, Any] = {"blind_first": typed.get("blind_first") == "yes"}
    faults = {} if typed.get("blind_first") in ("yes", "no") else {"blind_first": "Choose yes or no."}
    for name, bounds in WHOLE.items():
        try:
            told[name] = _whole(typed.get(name, ""), bounds)
        except ValueError as wrong:
            faults[name] = str(wrong)
    for name, ends_belong in (("quality_sample_share", True), ("prevalence_all", False)):
        try:
            told[name] = _share(typed.get(name, ""), ends_belong=ends_belong)
        except ValueError as wrong:
            faults[name] = str(wrong)
    if faults:
        raise UnusablePolicy(faults)
    return Policy(**told)


def _whole(text: str, bounds: tuple[int, int]) -> int:
    least, most = bounds
    number = whole_number(text, least=least, most=most)
    if number is None:
        raise ValueError(f"Type a whole number from {least} to {most}.")
    return number


def _share(text: str, *, ends_belong: bool) -> float:
    typed = text.strip().removesuffix("%").strip()
    percent = Decimal(typed.replace(",", ".")) if SHARE.fullmatch(typed) else Decimal(-1)
    if not (0 <= percent <= 100 if ends_belong else 0 < percent < 100):
        bounds = "from 0 to 100" if ends_belong else "above 0 and below 100"
        raise ValueError(f"Type a percentage {bounds}, with two decimals at most.")
    return float(percent / 100)


def remembered(number: int, rules: Mapping[str, Any]) -> Policy:
    """A version as it was stored; a decision that is younger than the version has its default."""
    return Policy(number=number, **{name: rules[name] for name in DECISIONS if name in rules})


def changed(before: Policy, after: Policy) -> tuple[str, ...]:
    """The decisions that differ, in the order of the class."""
    return tuple(name for name in DECISIONS if getattr(before, name) != getattr(after, name))


def carried_over(mine: Policy, *, based_on: Policy, now: Policy) -> Policy:
    """What I changed in `based_on`, made upon `now` in its place."""
    return replace(now, **{name: getattr(mine, name) for name in changed(based_on, mine)})
