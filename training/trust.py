"""What turns a logit into something to act on: calibration, bands, conformal limits. All fitted out of fold.

Everywhere subjects count the same within their class and each class half: the prior that the card states.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from app.vision.bundle import CLASSES, BandThresholds, Calibration, Conformal
from training.bootstrap import Estimate, Stated, interval, resampled
from training.metrics import calibration_error, macro, weighted_quantiles
from training.scored import CALL_AT, Floats, Scored, subject_weights

PRIOR_ALL = 0.5

MISS_RATE = 0.05
"""Of a new subject's ALL cells at most this share, on the mean of subjects, falls into the band `not_suspected`."""

UPPER_PRECISION = 0.85
"""The share of ALL in the band `suspected`, at the card's prior, that is aimed at; the card says what was reached."""

MISCOVERAGE = 0.1

TIE = 1e-9
"""Keeps in order what isotonic regression makes equal."""


@dataclass(frozen=True)
class Served:
    """N cells with what the service would say of them (`as_served`); each array holds N bools."""

    scored: Scored
    """With probabilities as served."""
    not_suspected: NDArray[np.bool_]
    suspected: NDArray[np.bool_]
    holds_hem: NDArray[np.bool_]
    """Whether the conformal set holds HEM."""
    holds_all: NDArray[np.bool_]


def calibration(scored: Scored) -> Calibration:
    """Slope and bias by logistic regression of the label on the logit."""
    weights = subject_weights(scored) * len(scored.logits)
    fitted = LogisticRegression(C=1e6).fit(scored.logits[:, None], scored.is_all, sample_weight=weights)
    return Calibration(slope=float(fitted.coef_[0, 0]), bias=float(fitted.intercept_[0]))


def calibrated(scored: Scored, *, by: Calibration) -> Scored:
    """The scores with the probabilities that this calibration makes of them."""
    return replace(scored, probabilities=np.array([by.probability(float(logit)) for logit in scored.logits]))


def cross_calibrated(scored: Scored, *, apart: NDArray[Any]) -> Floats:
    """P(ALL) of every cell by a calibration that was fitted on all cells but those of its own kind in `apart` (N)."""
    probabilities = np.empty(len(scored.logits))
    for kind in np.unique(apart):
        own = apart == kind
        probabilities[own] = calibrated(scored.of(own), by=calibration(scored.of(~own))).probabilities
    return probabilities


def exact(scored: Scored) -> Scored:
    """The same cells with probabilities that are exact if they are all there are, in the order of those they have.

    By isotonic regression on the cells themselves: no calibration to serve, but one to hold others against.
    """
    fitted = IsotonicRegression().fit(scored.probabilities, scored.is_all, sample_weight=subject_weights(scored))
    return replace(scored, probabilities=fitted.predict(scored.probabilities) + TIE * scored.probabilities)


def error_of_an_exact_one(scored: Scored) -> Estimate:
    """Median and 95 % interval of the calibration error that chance gives probabilities which are exact in a population
    of which as many subject groups are drawn: these cells are taken for that population.
    """
    known = exact(scored)
    errors = resampled(Stated(macro(calibration_error), known), known)
    return Estimate(float(np.median(errors)), *interval(errors))


def bands(scored: Scored) -> BandThresholds:
    """Where `not_suspected` ends and `suspected` begins, on `scored.probabilities`.

    The lower band is as wide as MISS_RATE allows by conformal risk control (Angelopoulos and others, arXiv 2208.02814):
    one more subject group is counted, all of whose cells are missed. The upper begins where from there on
    UPPER_PRECISION holds among these subjects, and not before even odds: who is rather normal is not suspected. A few
    dozen healthy ones are too few to promise that precision of others. Where the two would cross, nothing is uncertain
    and both lie between.
    """
    weights = subject_weights(scored)
    order = np.argsort(scored.probabilities, kind="stable")
    probability, weight, truth = scored.probabilities[order], weights[order], scored.is_all[order]
    groups = len(np.unique(scored.groups[scored.is_all]))
    missed = (groups * np.cumsum(weight * truth) / (weight * truth).sum() + 1) / (groups + 1)
    lower = float(probability[np.searchsorted(missed, MISS_RATE, side="right")])
    from_here = np.cumsum((weight * truth)[::-1])[::-1] / np.cumsum(weight[::-1])[::-1]
    enough = np.flatnonzero(from_here >= UPPER_PRECISION)
    upper = max(CALL_AT, float(probability[enough[0]])) if len(enough) else 1.0
    if lower > upper:
        lower = upper = _at_most((lower + upper) / 2, digits=4)
    return BandThresholds(not_suspected_below=_at_most(lower, digits=4), suspected_from=round(upper, 4))


def conformal(scored: Scored, *, by: tuple[float, float] | None = None) -> Conformal:
    """For each class (HEM, ALL) the limit on 1 - P(class) that covers 1 - MISCOVERAGE of new subjects' cells.

    By pooling subjects' distribution functions (Dunn, Wasserman, Ramdas, arXiv 1809.07441), groups counting the same.
    `by` is which share of these subjects' cells the limits hold: a little more, for the groups are few.
    """
    misfit = np.where(scored.is_all, 1 - scored.probabilities, scored.probabilities)
    weights = subject_weights(scored)
    hem, all_ = (
        -_at_most(-weighted_quantiles(misfit[own], weights[own], shares=(share,))[0], digits=6)
        for own, share in zip((~scored.is_all, scored.is_all), by or held_shares(scored), strict=True)
    )
    return Conformal(miscoverage=MISCOVERAGE, hem=hem, all=all_)


def held_shares(scored: Scored) -> tuple[float, float]:
    """Of each class (HEM, ALL) the share that a limit on so many groups' cells holds, one more group being to come."""
    hem, all_ = (len(np.unique(scored.groups[own])) for own in (~scored.is_all, scored.is_all))
    return _held_share(hem), _held_share(all_)


def _at_most(limit: float, *, digits: int) -> float:
    """The limit with so many digits, and never above it: what was promised of it holds still."""
    nearest = round(limit, digits)
    return nearest if nearest <= limit else round(nearest - 10**-digits, digits)


def _held_share(groups: int) -> float:
    return min(1.0, math.ceil((groups + 1) * (1 - MISCOVERAGE)) / groups)


def as_served(scored: Scored) -> Served:
    """What the service would say of every cell, had it never met the cell's subject group. That is left out of the
    scores, not of the networks: those that scored the others may have learned from it.

    Calibration, bands and conformal limits are fitted as the card's are, on the cells of all other groups. Limits of
    the other folds alone would be others: with a third fewer groups the corrections for few groups are larger. The
    share that conformal limits hold is the card's: of one group fewer it could be all there is, and is of 18.
    """
    held = held_shares(scored)
    probabilities, marks = np.empty(len(scored.logits)), np.zeros((4, len(scored.logits)), np.bool_)
    for group in np.unique(scored.groups):
        own = scored.groups == group
        by = calibration(scored.of(~own))
        others = calibrated(scored.of(~own), by=by)
        chosen, limits = bands(others), conformal(others, by=held)
        probability = calibrated(scored.of(own), by=by).probabilities
        sets = [limits.classes(float(one)) for one in probability]
        probabilities[own] = probability
        marks[:, own] = [
            probability < chosen.not_suspected_below,
            probability >= chosen.suspected_from,
            *([name in one for one in sets] for name in CLASSES),
        ]
    not_suspected, suspected, holds_hem, holds_all = marks
    return Served(replace(scored, probabilities=probabilities), not_suspected, suspected, holds_hem, holds_all)
