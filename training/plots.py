"""The plots of an evaluation, drawn from its JSON values and from nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import NullLocator

from training.evaluate import PREVALENCES
from training.scored import Floats

CALLS = {"ppv": "called ALL (PPV)", "npv": "called normal (NPV)"}

CHANCE = {"color": "grey", "linestyle": ":"}


def roc_and_precision(curves: Mapping[str, Any], *, share_of_all: float) -> Drawing:
    """Both curves side by side; dotted is what a guess reaches."""
    drawing = Drawing(figsize=(9, 4), layout="constrained")
    left, right = drawing.subplots(1, 2)
    left.plot(curves["roc"]["one_less_specificity"], curves["roc"]["sensitivity"])
    left.plot([0, 1], [0, 1], **CHANCE)
    left.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC")
    right.plot(curves["precision_recall"]["sensitivity"], curves["precision_recall"]["precision"])
    right.axhline(share_of_all, **CHANCE)
    right.set(xlabel="sensitivity", ylabel="precision", title="precision and recall")
    right.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    return drawing


def reliability_and_risk(reliability: Sequence[Mapping[str, Any]], curves: Mapping[str, Any]) -> Drawing:
    """What became of cells by their probability, and the error among the most certain ones."""
    drawing = Drawing(figsize=(9, 4), layout="constrained")
    left, right = drawing.subplots(1, 2)
    held = _estimates([one["all_share"] for one in reliability])
    left.plot([0, 1], [0, 1], **CHANCE)
    left.errorbar([one["mean_probability"] for one in reliability], held[0], yerr=_reach(held), fmt="o-", capsize=2)
    left.set(xlabel="probability of ALL", ylabel="share of ALL", title="reliability", ylim=(-0.05, 1.05))
    right.plot(curves["risk_coverage"]["coverage"], curves["risk_coverage"]["risk"])
    right.set(xlabel="share of cells kept", ylabel="error among them", title="risk and coverage", xlim=(-0.05, 1.05))
    right.set_ylim(bottom=0)
    return drawing


def predictive_values(points: Sequence[Mapping[str, Any]]) -> Drawing:
    """PPV and NPV against prevalence (logarithmic), with the bands of their intervals."""
    drawing = Drawing(figsize=(9, 4), layout="constrained")
    axes = drawing.subplots()
    prevalence = [one["prevalence"] for one in points]
    for key, colour in (("ppv", "tab:red"), ("npv", "tab:blue")):
        value, low, high = _estimates([one[key] for one in points])
        axes.plot(prevalence, value, color=colour, label=CALLS[key])
        axes.fill_between(prevalence, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set(xscale="log", xlabel="share of cells that are ALL", ylabel="share of calls that are right")
    axes.set(title="predictive values by prevalence", ylim=(-0.02, 1.02))
    axes.set_xticks(PREVALENCES, [f"{100 * share:g} %" for share in PREVALENCES])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="center left")
    return drawing


def healthy_subjects(by_subject: Sequence[Mapping[str, Any]]) -> Drawing:
    """The specificity of every healthy subject with its interval, lowest first."""
    healthy = sorted((one for one in by_subject if one["class"] == "HEM"), key=lambda one: one["right"])
    drawing = Drawing(figsize=(9, 3.5), layout="constrained")
    axes = drawing.subplots()
    right = _estimates([[one["right"], *one["right_interval"]] for one in healthy])
    axes.errorbar([one["subject"] for one in healthy], right[0], yerr=_reach(right), fmt="o", capsize=2)
    axes.tick_params(axis="x", rotation=90)
    axes.set(ylabel="specificity", title="specificity of each healthy subject", ylim=(-0.03, 1.03))
    return drawing


def _estimates(found: Sequence[Sequence[float | None]]) -> Floats:
    """[value, low, high] of each -> 3 x N, nan for what cannot be had."""
    return np.array(found, np.float64).T


def _reach(estimates: Floats) -> Floats:
    """How far the interval goes below and above the value, 2 x N, as error bars want it."""
    value, low, high = estimates
    return np.maximum([value - low, high - value], 0)
