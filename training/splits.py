"""Folds that never share a subject group: subject is label here, so any leak of a subject is a leak of the label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from app.errors import Invalid
from app.vision.bundle import CLASSES
from training.cnmc import Cell


class OneClassOnly(Invalid):
    code = "one_class_only"


class GroupShared(Invalid):
    code = "group_shared"


def partition(cells: Sequence[Cell], *, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold, 0 to folds - 1, of every cell: subject groups whole, classes balanced as far as groups allow.

    Raises OneClassOnly where a class has fewer groups than there are folds, so that a fold would lack it.
    """
    labels = np.array([CLASSES.index(cell.label) for cell in cells])
    groups = np.array([cell.group for cell in cells])
    for index, name in enumerate(CLASSES):
        count = len(set(groups[labels == index].tolist()))
        if count < folds:
            raise OneClassOnly(f"{folds} folds need {folds} subject groups of class {name}; there are {count}.")
    fold_of = np.full(len(cells), -1)
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for fold, (_, tested) in enumerate(splitter.split(np.zeros(len(cells)), labels, groups)):
        fold_of[tested] = fold
    refuse_shared(groups.tolist(), fold_of.tolist())
    for fold in range(folds):
        if len(set(labels[fold_of == fold].tolist())) < len(CLASSES):
            raise OneClassOnly(f"Fold {fold} of seed {seed} has cells of one class only. Use fewer folds.")
    return fold_of


def few_of_each(subjects: NDArray[np.str_], *, most: int) -> NDArray[np.bool_]:
    """Which cells to take so that there are at most so many of each subject, evenly spread over its cells."""
    chosen = np.zeros(len(subjects), np.bool_)
    for subject in set(subjects.tolist()):
        own = np.flatnonzero(subjects == subject)
        chosen[own[np.unique(np.linspace(0, len(own) - 1, min(most, len(own))).astype(int))]] = True
    return chosen


def refuse_shared(groups: Sequence[str], folds: Sequence[int], *, where: Sequence[str] = ()) -> None:
    """Raises GroupShared where a subject group lies in more than one fold; `where` is what each was read from."""
    seen: dict[str, int] = {}
    for place, (group, fold) in enumerate(zip(groups, folds, strict=True)):
        if seen.setdefault(group, fold) != fold:
            read_from = f"{where[place]}: " if where and where[place] else ""
            raise GroupShared(
                f"{read_from}Subject group {group} lies in folds {seen[group]} and {fold}. Split by group."
            )
