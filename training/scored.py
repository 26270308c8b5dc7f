"""Cells with the scores of networks that never saw them, and weights under which every subject counts the same.

Whoever has several names is one subject: a subject group. One who counted once for each name would decide too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CALL_AT = 0.5
"""The probability from which on a cell is called ALL."""


@dataclass(frozen=True)
class Scored:
    """Cells that a network never saw in training, with what it says of them; all arrays have length N."""

    is_all: NDArray[np.bool_]
    subjects: NDArray[np.str_]
    """By name."""
    groups: NDArray[np.str_]
    """By person: subjects that are one."""
    folds: NDArray[np.int64]
    logits: Floats
    areas: Floats
    probabilities: Floats
    """Calibrated on the other folds."""

    @property
    def called_all(self) -> NDArray[np.bool_]:
        return self.probabilities >= CALL_AT

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Scored":
        """Only the chosen cells, by N marks or by their places."""
        return Scored(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def with_logits(self, logits: Floats) -> "Scored":
        return replace(self, logits=logits)


def pooled(on: Sequence[Scored]) -> Scored:
    """The scores of the same cells on several partitions, one after another: each cell stands there once for each."""
    return Scored(
        **{field.name: np.concatenate([getattr(scored, field.name) for scored in on]) for field in fields(Scored)}
    )


def ones(scored: Scored) -> Floats:
    return np.ones(len(scored.logits))


def subject_weights(scored: Scored) -> Floats:
    """Weights under which each class counts half, and within it each subject the same, whatever names it has."""
    return subject_balance(scored.is_all, scored.groups)


def subject_balance(is_all: NDArray[np.bool_], subjects: NDArray[np.str_]) -> Floats:
    """The same from N labels and N names of persons."""
    weights = np.empty(len(is_all))
    for one in (False, True):
        own = is_all == one
        _, place, sizes = np.unique(subjects[own], return_inverse=True, return_counts=True)
        weights[own] = 0.5 / max(len(sizes), 1) / sizes[place]
    return weights
