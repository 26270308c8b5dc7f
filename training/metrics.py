"""Figures of out-of-fold scores, each a function of the scores and of a weight for every cell.

Weights make one code serve pooled figures (all 1), subject-macro figures and the bootstrap of `training.bootstrap`, all
of whose draws go through a figure at once, one row of weights each, so that sorting and counting are done once.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from training.scored import Floats, Scored, subject_weights

Marks = NDArray[np.bool_] | Floats
"""N cells, each in (1) or not (0)."""

Figure = Callable[[Scored, Floats], Floats]
"""Weights of N cells give one number, a matrix of D x N weights gives D; nan where it cannot be had."""


class Ranking:
    """N cells in the order of their scores: what their AUC is under any weights, without sorting them anew."""

    def __init__(self, is_all: NDArray[np.bool_], scores: Floats) -> None:
        self._order = np.argsort(scores, kind="stable")
        self._truth = is_all[self._order]
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def auc(self, weights: Floats) -> Floats:
        """P(score of an ALL cell > score of a HEM cell), ties half; nan where a class has no weight."""
        ordered = weights[..., self._order]
        all_tied = np.add.reduceat(ordered * self._truth, self._starts, axis=-1)
        hem_tied = np.add.reduceat(ordered * ~self._truth, self._starts, axis=-1)
        below = np.cumsum(hem_tied, axis=-1) - hem_tied
        won = (all_tied * (below + 0.5 * hem_tied)).sum(axis=-1)
        return _ratio(won, all_tied.sum(axis=-1) * hem_tied.sum(axis=-1))


def weighted_auc(is_all: NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    """The AUC of one ranking under one set of weights, or D of them."""
    return Ranking(is_all, scores).auc(weights)


def auc(scored: Scored, weights: Floats) -> Floats:
    return weighted_auc(scored.is_all, scored.logits, weights)


def auc_within_folds(scored: Scored, weights: Floats) -> Floats:
    """AUC among the cells of each fold, which one network scored, averaged by their pairs."""
    return _auc_within(scored, weights, strata=scored.folds)


def matched_auc(values: Floats, *, bins: int = 10, within_folds: bool = False) -> Figure:
    """AUC within equal-mass bins of `values`, averaged by their pairs: what is left when `values` is held still.

    `within_folds`, only cells that one network scored are held against each other.
    """
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    bin_of = np.searchsorted(edges, values, side="right")

    def figure(scored: Scored, weights: Floats) -> Floats:
        return _auc_within(scored, weights, strata=bin_of + bins * scored.folds if within_folds else bin_of)

    return figure


def _auc_within(scored: Scored, weights: Floats, *, strata: NDArray[np.int64]) -> Floats:
    total = pairs_seen = np.zeros(weights.shape[:-1])
    for stratum in np.unique(strata):
        own = np.flatnonzero(strata == stratum)
        truth, within = scored.is_all[own], weights[..., own]
        pairs = (within * truth).sum(axis=-1) * (within * ~truth).sum(axis=-1)
        total = total + pairs * np.nan_to_num(weighted_auc(truth, scored.logits[own], within))
        pairs_seen = pairs_seen + pairs
    return _ratio(total, pairs_seen)


def share(chosen: Marks, among: Marks) -> Figure:
    """The weight of the chosen cells within those that `among` marks."""

    def figure(_: Scored, weights: Floats) -> Floats:
        return _ratio(weights @ (1.0 * chosen * among), weights @ (1.0 * among))

    return figure


def sensitivity(scored: Scored, weights: Floats) -> Floats:
    return share(scored.called_all, scored.is_all)(scored, weights)


def specificity(scored: Scored, weights: Floats) -> Floats:
    return share(~scored.called_all, ~scored.is_all)(scored, weights)


def balanced_accuracy(scored: Scored, weights: Floats) -> Floats:
    return (sensitivity(scored, weights) + specificity(scored, weights)) / 2


def precision(scored: Scored, weights: Floats) -> Floats:
    return share(scored.is_all, scored.called_all)(scored, weights)


def weighted_f1(scored: Scored, weights: Floats) -> Floats:
    """F1 of each class, averaged by the class's weight."""
    called, total = scored.called_all, np.zeros(weights.shape[:-1])
    for truth, call in ((scored.is_all, called), (~scored.is_all, ~called)):
        of_class, hits, calls = weights @ truth, weights @ (truth & call), weights @ call
        total = total + of_class * np.nan_to_num(_ratio(2 * hits, of_class + calls))
    return _ratio(total, weights.sum(axis=-1))


def macro(figure: Figure) -> Figure:
    """The figure with every subject of a class counting the same, and each class half."""

    def balanced(scored: Scored, weights: Floats) -> Floats:
        return figure(scored, subject_macro(scored, weights))

    return balanced


def subject_macro(scored: Scored, weights: Floats) -> Floats:
    """Weights in which a group drawn k times counts k subjects' worth, whatever its number of cells."""
    balanced = subject_weights(scored) * weights
    for is_all in (False, True):
        own = scored.is_all == is_all
        drawn = balanced[..., own].sum(axis=-1, keepdims=True)
        balanced[..., own] *= np.divide(0.5, drawn, out=np.zeros_like(drawn), where=drawn > 0)
    return balanced


def predictive_values(sensitivity: Floats, specificity: Floats, *, prevalence: float) -> tuple[Floats, Floats]:
    """Share of ALL among what is called ALL, and of normal among the rest, where this share of cells is ALL.

    nan where nothing is called so.
    """
    true_all, true_hem = prevalence * sensitivity, (1 - prevalence) * specificity
    called_all, called_hem = true_all + (1 - prevalence) * (1 - specificity), true_hem + prevalence * (1 - sensitivity)
    return _ratio(true_all, called_all), _ratio(true_hem, called_hem)


def brier(scored: Scored, weights: Floats) -> Floats:
    return _ratio(weights @ (scored.probabilities - scored.is_all) ** 2, weights.sum(axis=-1))


def calibration_error(scored: Scored, weights: Floats, *, bins: int = 15) -> Floats:
    """ECE over equal-mass bins: the mean gap between probability and share of ALL."""
    order = np.argsort(scored.probabilities, kind="stable")
    rows = np.atleast_2d(weights)[:, order]
    total = rows.sum(axis=-1, keepdims=True)
    middle = (np.cumsum(rows, axis=-1) - rows / 2) / total * bins
    place = np.minimum(middle, bins - 1).astype(int) + bins * np.arange(len(rows))[:, None]
    gap = rows * (scored.probabilities - scored.is_all)[order]
    gaps = np.bincount(place.ravel(), weights=gap.ravel(), minlength=bins * len(rows)).reshape(len(rows), bins)
    return (np.abs(gaps).sum(axis=-1) / total[:, 0]).reshape(weights.shape[:-1])


def weighted_quantiles(values: Floats, weights: Floats, *, shares: Sequence[float]) -> list[float]:
    """For each share the smallest value with at least that share of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    places = np.minimum(np.searchsorted(reached, np.array(shares) - 1e-12), len(values) - 1)
    return [float(one) for one in values[order][places]]


def binomial_interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    found = binomtest(hits, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def share_of(marked: NDArray[np.bool_]) -> list[float]:
    """[share, low, high] of N marks, each counting the same, by Wilson's interval."""
    return [round(float(one), 4) for one in (marked.mean(), *binomial_interval(int(marked.sum()), len(marked)))]


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, nan where whole is 0."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
