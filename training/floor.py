"""The floor that any network must beat: logistic regression on cell area and mean colour alone, out of fold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.vision.bundle import CLASSES
from training.cells import Cell
from training.scored import Floats


def size_and_colour(cells: Sequence[Cell]) -> Floats:
    """N x 4: the logarithm of the area in pixels, and the mean colour, 0-255."""
    return np.array([[np.log(cell.area), cell.red, cell.green, cell.blue] for cell in cells])


def floor_scores(cells: Sequence[Cell], fold_of: NDArray[np.int64]) -> Floats:
    """The regression's out-of-fold logit for every cell, whose folds are these."""
    return _out_of_fold(size_and_colour(cells), cells, fold_of)


def colour_scores(cells: Sequence[Cell], fold_of: NDArray[np.int64]) -> Floats:
    """The same of a regression on mean colour alone."""
    return _out_of_fold(size_and_colour(cells)[:, 1:], cells, fold_of)


def _out_of_fold(features: Floats, cells: Sequence[Cell], fold_of: NDArray[np.int64]) -> Floats:
    labels = np.array([CLASSES.index(cell.label) for cell in cells])
    scores = np.empty(len(cells))
    for fold in np.unique(fold_of):
        own = fold_of == fold
        fitted = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")).fit(
            features[~own], labels[~own]
        )
        scores[own] = fitted.decision_function(features[own])
    return scores
