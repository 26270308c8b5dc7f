"""Out-of-fold figures of a recipe, with intervals, as plain JSON values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import metrics, subgroups, trust
from training.bootstrap import (
    Estimate,
    Stated,
    estimate,
    estimate_error,
    estimate_share,
    interval,
    resampled,
)
from training.cells import Cell, subject_order
from training.floor import floor_scores
from training.metrics import Figure, binomial_interval
from training.scored import Floats, Scored, ones, subject_weights
from training.trust import Served

Share = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Which of N cells are meant, and among which."""

ERRORS = {"calibration_error", "calibration_error_as_served"}
"""What of `stated` chance can only raise."""

PREVALENCES = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5)


def stated(scored: Scored, served: Served, *, floor: Floats) -> dict[str, Stated]:
    """Every figure by its name, with the scores that it is of. `floor` is the floor's logit of each cell.

    The calibration of each cell comes from the other folds. But for the calibration error as served: its
    calibration is fitted on all other subject groups, which is what a new person meets; that of the other folds knows
    none whom the cell's own network scored. Where every person is a fold both are one.
    """
    wanted: Mapping[str, Figure] = {
        "auc": metrics.auc,
        "area_matched_auc": metrics.matched_auc(scored.areas),
        "floor_matched_auc": metrics.matched_auc(floor),
        "balanced_accuracy": metrics.balanced_accuracy,
        "sensitivity": metrics.sensitivity,
        "specificity": metrics.specificity,
        "precision": metrics.precision,
        "weighted_f1": metrics.weighted_f1,
        "subject_macro_auc": metrics.macro(metrics.auc),
        "subject_macro_balanced_accuracy": metrics.macro(metrics.balanced_accuracy),
        "subject_macro_sensitivity": metrics.macro(metrics.sensitivity),
        "subject_macro_specificity": metrics.macro(metrics.specificity),
        "calibration_error": metrics.macro(metrics.calibration_error),
        "brier": metrics.macro(metrics.brier),
    }
    return {name: Stated(figure, scored) for name, figure in wanted.items()} | {
        "calibration_error_as_served": Stated(metrics.macro(metrics.calibration_error), served.scored)
    }


def figures(scored: Scored, served: Served, cells: Sequence[Cell]) -> dict[str, Estimate]:
    """What is `stated` of these scores, what error of calibration chance gives, and what the floor reaches, each with
    its interval.
    """
    floor = floor_scores(cells, scored.folds)
    found = _estimates(stated(scored, served, floor=floor))
    floored = scored.with_logits(floor)
    found["calibration_error_of_an_exact_one"] = trust.error_of_an_exact_one(scored)
    found["calibration_error_of_an_exact_one_as_served"] = trust.error_of_an_exact_one(served.scored)
    found["floor_auc"] = estimate(metrics.auc, floored)
    found["floor_subject_macro_auc"] = estimate(metrics.macro(metrics.auc), floored)
    return found


def shares_of_sets(served: Served) -> dict[str, Share]:
    """Conformal sets as served to subjects who are new."""
    holds_hem, holds_all, is_all = served.holds_hem, served.holds_all, served.scored.is_all
    everyone = np.ones(len(is_all), np.bool_)
    return {
        "covered_hem": (holds_hem, ~is_all),
        "covered_all": (holds_all, is_all),
        "both_share": (holds_hem & holds_all, everyone),
        "neither_share": (~(holds_hem | holds_all), everyone),
    }


def stated_of_bands(served: Served) -> dict[str, Stated]:
    """What they do as served to subjects who are new, as figures to compare; subjects count the same, prior 0.5."""
    return {name: Stated(metrics.macro(metrics.share(*one)), served.scored) for name, one in _bands(served).items()}


def _bands(served: Served) -> dict[str, Share]:
    is_all, lower, upper = served.scored.is_all, served.not_suspected, served.suspected
    uncertain = ~(lower | upper)
    return {
        "not_suspected_miss_rate": (lower, is_all),
        "suspected_precision": (is_all, upper),
        "uncertain_share": (uncertain, np.ones(len(is_all), np.bool_)),
        "uncertain_share_hem": (uncertain, ~is_all),
        "uncertain_share_all": (uncertain, is_all),
    }


def _estimates(found: Mapping[str, Stated]) -> dict[str, Estimate]:
    """Each with its interval."""
    return {
        name: (estimate_error if name in ERRORS else estimate)(one.figure, one.scored) for name, one in found.items()
    }


def _estimated(shares: Mapping[str, Share], scored: Scored) -> dict[str, list[float | None]]:
    """Each share as JSON values, subjects counting the same, prior 0.5; one of 0 or 1 is no certainty."""
    return {name: estimate_share(*one, scored).as_json() for name, one in shares.items()}


def reliability(scored: Scored, *, bins: int = 10, times: int = 1) -> list[dict[str, Any]]:
    """What became of cells by their probability: bins of equal weight from 0 to 1, each with mean and share of ALL.

    Every cell stands `times` times among the scores, and is counted as one. Every subject counts the same within its
    class; a bin's interval is by bootstrap over subject groups, and Wilson's
    over those where all its cells are of one class.
    """
    weights = subject_weights(scored)
    order = np.argsort(scored.probabilities, kind="stable")
    reached = np.cumsum(weights[order]) - weights[order] / 2
    inner = [float(scored.probabilities[order][np.searchsorted(reached, place / bins)]) for place in range(1, bins)]
    edges = [0.0, *(round(edge, 4) for edge in inner), 1.0]
    bin_of = np.searchsorted(edges[1:-1], scored.probabilities, side="right")
    return [
        {
            "from": edges[number],
            "to": edges[number + 1],
            "mean_probability": round(float(np.average(scored.probabilities[own], weights=weights[own])), 4),
            "all_share": estimate_share(scored.is_all, own, scored).as_json(),
            "cells": round(int(own.sum()) / times),
        }
        for number in range(bins)
        if (own := bin_of == number).any()
    ]


def by_subject(scored: Scored, served: Served) -> list[dict[str, Any]]:
    """For every subject: cells, mean probability, the share of its cells called right at 0.5, with its interval, and
    the shares that are `not_suspected` and `suspected` as served.

    Right is the specificity of a healthy subject and the sensitivity of another. The interval is Wilson's over the
    subject's cells, as if they were independent: what other cells of this person would give, and nothing about another
    person. A bootstrap of the cells would claim certainty of whoever has none called wrong.
    """
    found = []
    for subject in sorted(set(scored.subjects.tolist()), key=subject_order):
        own, of_served = scored.subjects == subject, served.scored.subjects == subject
        truth, probability = bool(scored.is_all[own][0]), scored.probabilities[own]
        right = int((scored.called_all[own] == truth).sum())
        found.append(
            {
                "subject": str(subject),
                "class": "ALL" if truth else "HEM",
                "cells": len(probability),
                "mean_probability": round(float(probability.mean()), 4),
                "right": round(right / len(probability), 4),
                "right_interval": [round(one, 4) for one in binomial_interval(right, len(probability))],
                "not_suspected": round(float(served.not_suspected[of_served].mean()), 4),
                "suspected": round(float(served.suspected[of_served].mean()), 4),
            }
        )
    return found


def at_prevalence(scored: Scored, prevalences: Sequence[float] = PREVALENCES) -> list[dict[str, Any]]:
    """Predictive values of a call at 0.5 when this share of cells is ALL, each [value, low, high], every subject
    counting the same; None for what cannot be had, say the NPV where nothing is called normal.
    """

    def both(weights: Floats) -> Floats:
        figures = (metrics.sensitivity, metrics.specificity)
        return np.stack([metrics.macro(figure)(scored, weights) for figure in figures])

    whole = both(ones(scored))[:, None]
    rates = np.concatenate([whole, resampled(both, scored)], axis=1)
    found = []
    for prevalence in prevalences:
        ppv, npv = (
            Estimate(float(values[0]), *interval(values[1:])).as_json()
            for values in metrics.predictive_values(*rates, prevalence=prevalence)
        )
        found.append({"prevalence": round(prevalence, 5), "ppv": ppv, "npv": npv})
    return found


def confusion(scored: Scored) -> dict[str, int]:
    """How many cells of each class were called what at 0.5."""
    called = scored.called_all
    return {
        "all_called_all": int((scored.is_all & called).sum()),
        "all_called_hem": int((scored.is_all & ~called).sum()),
        "hem_called_all": int((~scored.is_all & called).sum()),
        "hem_called_hem": int((~scored.is_all & ~called).sum()),
    }


def report(scored: Scored, cells: Sequence[Cell], *, seed: int, pool: Scored | None = None) -> dict[str, Any]:
    """Everything that evaluation says of one seed, as JSON values.

    `pool` has the scores of the same cells on all partitions that calibration, bands and conformal limits are fitted
    on, where those are more than this one.
    """
    served = trust.as_served(scored if pool is None else pool)
    found = figures(scored, served, cells)
    return {
        "seed": seed,
        "cells": len(cells),
        "subject_groups": len({cell.group for cell in cells}),
        "majority_class_accuracy": round(float(max(scored.is_all.mean(), 1 - scored.is_all.mean())), 4),
        "figures": {name: one.as_json() for name, one in found.items()},
        "bands": _estimated(_bands(served), served.scored),
        "sets": _estimated(shares_of_sets(served), served.scored),
        "confusion": confusion(scored),
        "reliability": reliability(served.scored, times=len(served.scored.logits) // len(cells)),
        "predictive_values": at_prevalence(scored),
        "subgroups": subgroups.report(scored, cells),
        "by_subject": by_subject(scored, served),
    }
