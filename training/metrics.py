"""Figures of out-of-fold scores, each a function of the scores and of a weight for every cell.

Weights make one code serve pooled figures (all 1), subject-macro figures and the cluster bootstrap, in which whole
subject groups are drawn with replacement within each class: cells of one subject are not independent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid

Floats = NDArray[np.float64]


class OneClassScored(Invalid):
    code = "one_class_scored"


@dataclass(frozen=True)
class Scored:
    """Cells that a network never saw in training, with what it says of them; all arrays have length N."""

    is_all: NDArray[np.bool_]
    subjects: NDArray[np.str_]
    groups: NDArray[np.str_]
    folds: NDArray[np.int64]
    logits: Floats
    areas: Floats
    probabilities: Floats
    """Calibrated on the other folds."""

    def of(self, chosen: NDArray[np.bool_]) -> "Scored":
        """Only the chosen cells."""
        return Scored(**{name: array[chosen] for name, array in vars(self).items()})

    def with_logits(self, logits: Floats) -> "Scored":
        return replace(self, logits=logits)


Figure = Callable[[Scored, Floats], float]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval by cluster bootstrap."""

    value: float
    low: float
    high: float

    def as_json(self) -> list[float | None]:
        """[value, low, high]; None for what cannot be had, say the precision where nothing was called ALL."""
        return [None if np.isnan(one) else round(one, 4) for one in (self.value, self.low, self.high)]


def ones(scored: Scored) -> Floats:
    return np.ones(len(scored.logits))


def subject_weights(scored: Scored) -> Floats:
    """Weights under which each class counts half, and within it each subject the same."""
    weights = np.empty(len(scored.logits))
    for is_all in (False, True):
        subjects = set(scored.subjects[scored.is_all == is_all].tolist())
        for subject in subjects:
            own = (scored.subjects == subject) & (scored.is_all == is_all)
            weights[own] = 0.5 / len(subjects) / own.sum()
    return weights


def weighted_auc(is_all: NDArray[np.bool_], scores: Floats, weights: Floats) -> float:
    """P(score of an ALL cell > score of a HEM cell), ties half, with weights; nan where a class has none."""
    order = np.argsort(scores, kind="stable")
    ordered, all_weight = scores[order], np.where(is_all, weights, 0.0)[order]
    hem_weight = np.where(is_all, 0.0, weights)[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    all_tied, hem_tied = np.add.reduceat(all_weight, starts), np.add.reduceat(hem_weight, starts)
    below = np.cumsum(hem_tied) - hem_tied
    pairs = all_tied.sum() * hem_tied.sum()
    return float((all_tied * (below + 0.5 * hem_tied)).sum() / pairs) if pairs > 0 else float("nan")


def auc(scored: Scored, weights: Floats) -> float:
    return weighted_auc(scored.is_all, scored.logits, weights)


def matched_auc(values: Floats, *, bins: int = 10) -> Figure:
    """AUC within equal-mass bins of `values`, averaged by their pairs: what is left when `values` is held still."""
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    bin_of = np.searchsorted(edges, values, side="right")

    def figure(scored: Scored, weights: Floats) -> float:
        total = pairs_seen = 0.0
        for number in range(bins):
            own = bin_of == number
            pairs = weights[own & scored.is_all].sum() * weights[own & ~scored.is_all].sum()
            if pairs > 0:
                total += pairs * weighted_auc(scored.is_all[own], scored.logits[own], weights[own])
                pairs_seen += pairs
        return total / pairs_seen if pairs_seen else float("nan")

    return figure


def sensitivity(scored: Scored, weights: Floats) -> float:
    own = scored.is_all
    return float(np.average(scored.probabilities[own] >= 0.5, weights=weights[own]))


def specificity(scored: Scored, weights: Floats) -> float:
    own = ~scored.is_all
    return float(np.average(scored.probabilities[own] < 0.5, weights=weights[own]))


def balanced_accuracy(scored: Scored, weights: Floats) -> float:
    return (sensitivity(scored, weights) + specificity(scored, weights)) / 2


def precision(scored: Scored, weights: Floats) -> float:
    called = scored.probabilities >= 0.5
    total = weights[called].sum()
    return float(weights[called & scored.is_all].sum() / total) if total else float("nan")


def weighted_f1(scored: Scored, weights: Floats) -> float:
    """F1 of each class, averaged by the class's weight."""
    called, total = scored.probabilities >= 0.5, 0.0
    for truth, call in ((scored.is_all, called), (~scored.is_all, ~called)):
        hits, either = weights[truth & call].sum(), weights[truth].sum() + weights[call].sum()
        total += weights[truth].sum() * (2 * hits / either if either else 0.0)
    return float(total / weights.sum())


def macro(figure: Figure) -> Figure:
    """The figure with every subject of a class counting the same, and each class half."""

    def balanced(scored: Scored, weights: Floats) -> float:
        return figure(scored, _subject_macro(scored, weights))

    return balanced


def brier(scored: Scored, weights: Floats) -> float:
    return float(np.average((scored.probabilities - scored.is_all) ** 2, weights=weights))


def calibration_error(scored: Scored, weights: Floats, *, bins: int = 15) -> float:
    """ECE over equal-mass bins: the mean gap between probability and share of ALL."""
    order = np.argsort(scored.probabilities, kind="stable")
    weight, probability, truth = weights[order], scored.probabilities[order], scored.is_all[order]
    place = np.minimum((np.cumsum(weight) - weight / 2) / weight.sum() * bins, bins - 1).astype(int)
    gaps = [weight[place == one] @ (probability[place == one] - truth[place == one]) for one in range(bins)]
    return float(np.abs(gaps).sum() / weight.sum())


def estimate(figure: Figure, scored: Scored, *, draws: int = 500, seed: int = 0) -> Estimate:
    """The figure over all cells, with its cluster-bootstrap interval."""
    values = [figure(scored, weights) for weights in bootstrap_weights(scored, draws=draws, seed=seed)]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Estimate(figure(scored, ones(scored)), float(low), float(high))


def paired_difference(figure: Figure, one: Scored, other: Scored, *, draws: int = 500, seed: int = 0) -> Estimate:
    """figure(one) - figure(other) on the same cells, whose groups are drawn together."""
    differences = [
        figure(one, weights) - figure(other, weights) for weights in bootstrap_weights(one, draws=draws, seed=seed)
    ]
    low, high = np.nanquantile(differences, [0.025, 0.975])
    whole = ones(one)
    return Estimate(figure(one, whole) - figure(other, whole), float(low), float(high))


def bootstrap_weights(scored: Scored, *, draws: int, seed: int) -> Sequence[Floats]:
    """For each draw the number of times that each cell's group was drawn; classes keep their number of groups."""
    if scored.is_all.all() or not scored.is_all.any():
        raise OneClassScored("These cells are of one class only, so that no figure about both can be had.")
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        weights = np.zeros(len(scored.logits))
        for is_all in (False, True):
            own = np.flatnonzero(scored.is_all == is_all)
            names, place = np.unique(scored.groups[own], return_inverse=True)
            times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
            weights[own] = times[place]
        found.append(weights)
    return found


def _subject_macro(scored: Scored, weights: Floats) -> Floats:
    """Weights in which a group drawn k times counts k subjects' worth, whatever its number of cells."""
    balanced = subject_weights(scored) * weights
    for is_all in (False, True):
        own = scored.is_all == is_all
        balanced[own] *= 0.5 / balanced[own].sum()
    return balanced
