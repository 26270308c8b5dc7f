"""The points of the curves of out-of-fold scores, as plain JSON values: columns of one length, in the curve's order."""

from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from training.evaluate import at_prevalence
from training.scored import CALL_AT, Floats, Scored, subject_weights

PREVALENCES = tuple(np.geomspace(0.001, 0.5, 28).tolist())


def curves(scored: Scored) -> dict[str, Any]:
    """Every curve of the page. ROC and precision-recall count every cell the same and leave out points on straight
    lines; predictive values carry intervals.
    """
    return {
        "roc": roc(scored),
        "precision_recall": precision_recall(scored),
        "risk_coverage": risk_coverage(scored),
        "predictive_values": at_prevalence(scored, PREVALENCES),
    }


def roc(scored: Scored) -> dict[str, list[float]]:
    """From nothing called ALL to everything, by the logit."""
    false, true, _ = roc_curve(scored.is_all, scored.logits)
    return {"one_less_specificity": _rounded(false), "sensitivity": _rounded(true)}


def precision_recall(scored: Scored) -> dict[str, list[float]]:
    """From everything called ALL to the least that is called ALL at all, by the logit."""
    precision, recall, _ = precision_recall_curve(scored.is_all, scored.logits, drop_intermediate=True)
    # The last point, precision 1 where nothing is called ALL, is a convention and no cell's.
    return {"sensitivity": _rounded(recall[:-1]), "precision": _rounded(precision[:-1])}


def risk_coverage(scored: Scored) -> dict[str, list[float]]:
    """Share of wrong calls at 0.5 among the cells of which the network is most certain, by how many of them are kept.

    Each class counts half and within it every subject the same; cells of one certainty are kept or left together.
    """
    weights, certainty = subject_weights(scored), np.abs(scored.probabilities - CALL_AT)
    order = np.argsort(-certainty, kind="stable")
    wrong = (scored.called_all != scored.is_all)[order] * weights[order]
    kept = np.cumsum(weights[order])
    last = np.append(np.diff(certainty[order]) != 0, True)
    return {"coverage": _rounded(kept[last]), "risk": _rounded((np.cumsum(wrong) / kept)[last])}


def _rounded(values: Floats) -> list[float]:
    return [round(float(one), 4) for one in values]
