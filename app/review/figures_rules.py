"""What many calls say together: agreement, overrides, changed minds, reading time, and what was missed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from statistics import quantiles
from uuid import UUID

from app.review.rules import ReadKind, Verdict, departs_from_model
from app.screening.rules import Band

ENOUGH = 30
"""Fewer than this say too little, and too much about one person."""


@dataclass(frozen=True)
class GivenRead:
    """One reader's final verdict that stands, on one screening. `blind`: what they said before they saw the score."""

    screening: UUID
    reader: UUID
    model: str
    band: Band | None
    kind: ReadKind
    blind: Verdict | None
    final: Verdict
    seconds: int | None
    at: datetime


@dataclass(frozen=True)
class Share:
    part: int
    whole: int

    @property
    def enough(self) -> bool:
        return self.whole >= ENOUGH


def overrides(calls: Iterable[GivenRead]) -> Share:
    """Verdicts that depart from the model, of those on cells that it was sure of: elsewhere it says nothing to depart
    from."""
    sure = [call for call in calls if call.band in (Band.SUSPECTED, Band.NOT_SUSPECTED)]
    return Share(sum(departs_from_model(call.final, band=call.band) for call in sure), len(sure))


def changed_minds(calls: Iterable[GivenRead]) -> Share:
    """Final verdicts that are not the blind one of the same reader, of those that had a blind one."""
    blind = [call for call in calls if call.blind is not None]
    return Share(sum(call.blind is not call.final for call in blind), len(blind))


@dataclass(frozen=True)
class Times:
    """Seconds: a quarter of the reads took `lower` at most, half `median`, three quarters `upper`."""

    count: int
    lower: float = 0.0
    median: float = 0.0
    upper: float = 0.0

    @property
    def enough(self) -> bool:
        return self.count >= ENOUGH


def reading_times(calls: Iterable[GivenRead]) -> Times:
    seconds = [call.seconds for call in calls if call.seconds is not None]
    if len(seconds) < 2:
        return Times(len(seconds))
    return Times(len(seconds), *quantiles(seconds, n=4, method="inclusive"))


Pair = tuple[Verdict, Verdict]


def pairs(calls: Iterable[GivenRead], *, blind: bool) -> list[Pair]:
    """What the first and the second reader of each cell said, in that order: before they saw the score, or finally."""
    of_cell: dict[UUID, list[GivenRead]] = defaultdict(list)
    for call in calls:
        if call.kind in (ReadKind.FIRST, ReadKind.SECOND):
            of_cell[call.screening].append(call)
    found = []
    for both in of_cell.values():
        said = [call.blind if blind else call.final for call in sorted(both, key=lambda call: call.at)]
        if len(said) == 2 and said[0] is not None and said[1] is not None:
            found.append((said[0], said[1]))
    return found


@dataclass(frozen=True)
class Agreement:
    """`kappa`: Cohen's, None where chance alone would agree always; `error`: its standard error in a large sample."""

    pairs: int
    observed: float
    kappa: float | None
    error: float

    @property
    def enough(self) -> bool:
        return self.pairs >= ENOUGH


def agreement(said: Sequence[Pair]) -> Agreement:
    """Cohen (1960), with the standard error of Fleiss, Cohen and Everitt (1969)."""
    count = len(said)
    if not count:
        return Agreement(0, 0.0, None, 0.0)
    joint = {pair: number / count for pair, number in Counter(said).items()}
    first, second = (_margin(said, reader) for reader in (0, 1))
    observed = sum(share for (one, other), share in joint.items() if one is other)
    expected = sum(first[verdict] * second[verdict] for verdict in Verdict)
    if expected == 1:
        return Agreement(count, observed, None, 0.0)
    kappa = (observed - expected) / (1 - expected)
    agreed = sum(
        joint.get((verdict, verdict), 0.0) * (1 - (first[verdict] + second[verdict]) * (1 - kappa)) ** 2
        for verdict in Verdict
    )
    differed = sum(share * (second[one] + first[other]) ** 2 for (one, other), share in joint.items() if one != other)
    variance = agreed + (1 - kappa) ** 2 * differed - (kappa - expected * (1 - kappa)) ** 2
    return Agreement(count, observed, kappa, sqrt(max(0.0, variance) / count) / (1 - expected))


def _margin(said: Sequence[Pair], reader: int) -> dict[Verdict, float]:
    counts = Counter(pair[reader] for pair in said)
    return {verdict: counts[verdict] / len(said) for verdict in Verdict}


@dataclass(frozen=True)
class Sampled:
    """A cell with a confident result that was read only by lot or by policy. `found`: what review settled on, if it
    has."""

    model: str
    band: Band
    found: Verdict | None


@dataclass(frozen=True)
class Checked:
    """`wrong`: missed where the model did not suspect, a false alarm where it did, of the cells on which readers
    settled for blast or normal; `unclear`: they could not; `waiting`: yet to be settled."""

    wrong: Share
    unclear: int
    waiting: int


def checked(sampled: Iterable[Sampled], *, band: Band) -> Checked:
    found = [one.found for one in sampled if one.band is band]
    told: list[Verdict] = [verdict for verdict in found if verdict in (Verdict.LEUKAEMIC_BLAST, Verdict.NORMAL)]
    waiting = found.count(None)
    wrong = Share(sum(departs_from_model(verdict, band=band) for verdict in told), len(told))
    return Checked(wrong, unclear=len(found) - len(told) - waiting, waiting=waiting)
