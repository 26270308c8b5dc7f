"""Folds that never share a subject group: subject is label here, so any leak of a subject is a leak of the label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid
from app.vision.bundle import CLASSES
from training.cells import Cell
from training.recipe import EACH_PERSON

FEW = 3
"""Cells of each subject that something is done to."""


class OneClassOnly(Invalid):
    code = "one_class_only"


class GroupShared(Invalid):
    code = "group_shared"


def partition(cells: Sequence[Cell], *, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold, 0 to folds - 1, of every cell: subject groups whole, each dealt out, in an order drawn from `seed`, to
    the fold that has least of its class, cells and groups together, both as shares of all. EACH_PERSON folds: every
    group is one, in the order of their names, whatever the seed.

    Another seed puts other people together. scikit-learn's StratifiedGroupKFold deals out large groups first, whatever
    its seed, so that with a few large ones its partitions are nearly one. Raises OneClassOnly where a class has fewer
    groups than there are folds, or than two, so that a fold would lack it or nothing of it be left to learn from.
    """
    labels = np.array([CLASSES.index(cell.label) for cell in cells])
    groups, group_of = np.unique([cell.group for cell in cells], return_inverse=True)
    counts = np.zeros((len(groups), len(CLASSES)))
    np.add.at(counts, (group_of, labels), 1)
    for name, count in zip(CLASSES, (counts > 0).sum(axis=0).tolist(), strict=True):
        if folds == EACH_PERSON and count < 2:
            raise OneClassOnly(f"To leave each person out takes two subject groups of class {name}; there are {count}.")
        if count < folds:
            raise OneClassOnly(f"{folds} folds need {folds} subject groups of class {name}; there are {count}.")
    if folds == EACH_PERSON:
        return group_of.astype(np.int64)
    shares = counts / counts.sum(axis=0) + (counts > 0) / (counts > 0).sum(axis=0)
    held = np.zeros((folds, len(CLASSES)))
    fold_of = np.zeros(len(groups), np.int64)
    for group in np.random.default_rng(seed).permutation(len(groups)):
        fold_of[group] = np.argmin(held[:, counts[group] > 0].sum(axis=1))
        held[fold_of[group]] += shares[group]
    for fold, share in enumerate(held):
        if not share.all():
            raise OneClassOnly(f"Fold {fold} of seed {seed} has cells of one class only. Use fewer folds.")
    return fold_of[group_of]


def few_of_each(subjects: NDArray[np.str_], *, most: int) -> NDArray[np.bool_]:
    """Which cells to take so that there are at most so many of each subject, evenly spread over its cells."""
    chosen = np.zeros(len(subjects), np.bool_)
    for subject in set(subjects.tolist()):
        own = np.flatnonzero(subjects == subject)
        chosen[own[np.unique(np.linspace(0, len(own) - 1, min(most, len(own))).astype(int))]] = True
    return chosen


def few_places(cells: Sequence[Cell]) -> list[int]:
    """Where the cells are that something is done to: FEW of each subject."""
    return np.flatnonzero(few_of_each(np.array([cell.subject for cell in cells]), most=FEW)).tolist()


def refuse_shared(groups: Sequence[str], folds: Sequence[int], *, where: Sequence[str] = ()) -> None:
    """Raises GroupShared where a subject group lies in more than one fold; `where` is what each was read from."""
    seen: dict[str, int] = {}
    for place, (group, fold) in enumerate(zip(groups, folds, strict=True)):
        if seen.setdefault(group, fold) != fold:
            read_from = f"{where[place]}: " if where and where[place] else ""
            raise GroupShared(
                f"{read_from}Subject group {group} lies in folds {seen[group]} and {fold}. Split by group."
            )
