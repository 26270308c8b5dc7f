"""The cluster bootstrap: whole subject groups are drawn with replacement within each class.

Cells of one subject are not independent, so an interval counts groups, not cells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid
from training.metrics import Figure, Marks, binomial_interval, macro, share
from training.scored import Floats, Scored, ones

DRAWS, AT_ONCE = 2000, 50
"""With 500 draws the third decimal of an interval's ends, and whether it holds 0, hung on the seed."""

HIDDEN = 0.0005
"""What is nearer to 0 is 0.000 to a reader."""


class OneClassScored(Invalid):
    code = "one_class_scored"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval by cluster bootstrap."""

    value: float
    low: float
    high: float

    def as_json(self) -> list[float | None]:
        """[value, low, high], no zero with a sign; None where a figure cannot be had: no call, no precision."""
        return [None if np.isnan(one) else round(one, 6) + 0.0 for one in (self.value, self.low, self.high)]

    def __str__(self) -> str:
        """The same for a reader; "-" for what cannot be had."""
        if np.isnan(self.value):
            return "-"
        return f"{self.value:.3f} ({self.low:.2f} to {self.high:.2f})"

    def signed(self) -> str:
        """A difference for a reader, with its signs; "-" for one that cannot be had. An end that three digits would
        hide the sign of has four.
        """
        if np.isnan(self.value):
            return "-"
        low, high = (f"{end:+.{4 if 0 < abs(end) < HIDDEN else 3}f}" for end in (self.low, self.high))
        return f"{self.value:+.3f} ({low} to {high})"


@dataclass(frozen=True)
class Drawn(Estimate):
    """A figure with its value in each of D draws: several over the same cells have the same draws."""

    draws: Floats = field(repr=False, compare=False)

    def less(self, other: "Drawn") -> "Difference":
        """How much more it is than another over the same cells."""
        return Difference.of(self.value - other.value, self.draws - other.draws)

    @classmethod
    def of(cls, value: Floats | float, draws: Floats) -> Self:
        return cls(float(value), *interval(draws), draws)


@dataclass(frozen=True)
class Difference(Drawn):
    """A paired difference."""


@dataclass(frozen=True)
class Stated:
    """A figure together with the scores that it is of: weights alone make it a number."""

    figure: Figure
    scored: Scored

    def __call__(self, weights: Floats) -> Floats:
        return self.figure(self.scored, weights)


def estimate(figure: Figure, scored: Scored, *, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """The figure over all cells, with its cluster-bootstrap interval."""
    stated = Stated(figure, scored)
    return Estimate(float(stated(ones(scored))), *interval(resampled(stated, scored, draws=draws, seed=seed)))


def estimate_error(figure: Figure, scored: Scored) -> Estimate:
    """A figure that chance can only raise, as a calibration error, which drawing anew raises once more.

    Its draws are moved by what they have more than it on the mean, so that the interval lies about it; none is below 0.
    """
    stated = Stated(figure, scored)
    value, draws = float(stated(ones(scored))), resampled(stated, scored)
    return Estimate(value, *interval(np.maximum(draws - np.nanmean(draws) + value, 0.0)))


def estimate_share(chosen: Marks, among: NDArray[np.bool_], scored: Scored) -> Estimate:
    """The share of the chosen cells within those of `among`, every subject counting the same, `never_certain`."""
    return never_certain(estimate(macro(share(chosen, among)), scored), among=scored.groups[among])


def never_certain(found: Estimate, *, among: NDArray[np.str_]) -> Estimate:
    """A share with its interval: that of the draws, or Wilson's over the groups `among` where it is 0 or 1.

    There every draw is the same, which is no certainty.
    """
    if found.value not in {0.0, 1.0}:
        return found
    groups = len(np.unique(among))
    return Estimate(found.value, *binomial_interval(int(found.value) * groups, groups))


def paired_difference(figure: Figure, one: Scored, other: Scored, *, draws: int = DRAWS, seed: int = 0) -> Difference:
    """figure(one) - figure(other) on the same cells, whose groups are drawn together."""
    return difference(Stated(figure, one), Stated(figure, other), draws=draws, seed=seed)


def difference(one: Stated, other: Stated, *, draws: int = DRAWS, seed: int = 0) -> Difference:
    """The same of two figures that each know their own scores of those cells; nan where either cannot be had."""
    whole = ones(one.scored)
    values = resampled(lambda weights: one(weights) - other(weights), one.scored, draws=draws, seed=seed)
    return Difference.of(one(whole) - other(whole), values)


def resampled(figure: Callable[[Floats], Floats], scored: Scored, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """The figure in each draw of the bootstrap; some draws at a time, which stay in a processor's cache."""
    return np.concatenate([figure(some) for some in bootstrap_weights(scored, draws=draws, seed=seed)], axis=-1)


def bootstrap_weights(scored: Scored, *, draws: int, seed: int) -> Iterator[Floats]:
    """D x N in all, some draws at a time: for each how many times each cell's group was drawn; classes keep their
    number of groups.
    """
    if scored.is_all.all() or not scored.is_all.any():
        raise OneClassScored("These cells are of one class only, so no figure about both can be had.")
    classes = []
    for is_all in (False, True):
        own = np.flatnonzero(scored.is_all == is_all)
        names, place = np.unique(scored.groups[own], return_inverse=True)
        classes.append((own, len(names), place))
    drawn = _drawn(tuple(count for _, count, _ in classes), draws=draws, seed=seed)
    for some in np.array_split(np.arange(draws), -(-draws // AT_ONCE)):
        weights = np.empty((len(some), len(scored.logits)))
        for (own, _, place), times in zip(classes, drawn, strict=True):
            weights[:, own] = times[np.ix_(some, place)]
        yield weights


@lru_cache(maxsize=16)  # every figure over the same people asks for the same draws
def _drawn(counts: tuple[int, ...], *, draws: int, seed: int) -> tuple[NDArray[np.int64], ...]:
    """For each class with so many groups, D x groups: how many times each was drawn."""
    rng = np.random.default_rng(seed)
    drawn = tuple(np.zeros((draws, count), np.int64) for count in counts)
    for rows in zip(*drawn, strict=True):
        for row, count in zip(rows, counts, strict=True):
            row[:] = np.bincount(rng.integers(count, size=count), minlength=count)
    return drawn


def interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of the draws in which the figure could be had; nan where it never could."""
    known = values[~np.isnan(values)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
