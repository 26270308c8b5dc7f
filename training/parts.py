"""The parts of a recipe, a network for each fold and one for all cells: what each learns from, and what it has left."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import Misconfigured
from training import results
from training.cells import Cell, fingerprint, order
from training.dataset import Crops
from training.recipe import Recipe
from training.splits import partition


class CellsReordered(Misconfigured):
    code = "cells_reordered"


class PartDamaged(Misconfigured):
    code = "part_damaged"


class PartNotFound(Misconfigured):
    code = "part_not_found"


ORDER = "order"
"""The file that says in which order the cells came that the tables beside it count by their place, and which folds."""

FINAL = -1
"""The fold number of the fit on all cells."""

DONE = "done.json"
"""The file in a part's folder that is written last, and says what its training took."""

WEIGHTS = "network.weights.h5"
SCORES = "scores.npz"
"""The logits of the cells that the part was tested on, and their places; the final fit has none."""


def damaged(folder: Path, why: Exception) -> PartDamaged:
    """What to say where a file of a part's training cannot be read."""
    return PartDamaged(f"What was trained in {folder} cannot be read ({why}). Remove that folder and fit again.")


@dataclass(frozen=True)
class Part:
    """One network to train: which cells it learns from, which it is tested on, and where its files lie."""

    seed: int
    fold: int
    learns: NDArray[np.int64]
    tested: NDArray[np.int64]
    folder: Path

    @property
    def is_done(self) -> bool:
        return (self.folder / DONE).exists()

    @property
    def note(self) -> dict[str, Any]:
        """What a part that is done says of its training: seconds, device, parameters, epochs and cells seen."""
        try:
            found: dict[str, Any] = json.loads((self.folder / DONE).read_text())
        except ValueError as error:
            raise self.damaged(error) from error
        return found

    def damaged(self, why: Exception) -> PartDamaged:
        """What to say where a file that it left cannot be read."""
        return damaged(self.folder, why)


def place_of(recipe: Recipe, crops: Crops, *, folder: Path, unlabelled: Crops | None = None) -> Path:
    """Where the networks of this very recipe on these very cells, and on these unlabelled ones if it meets any, lie.

    Raises CellsReordered.
    """
    place = folder / f"{recipe.name}-{recipe.fingerprint()}-{fingerprint(crops.cells)[:8]}"
    kept = place / ORDER
    if kept.is_file() and kept.read_text() != order_of(recipe, crops, unlabelled=unlabelled):
        raise CellsReordered(
            f"{place} was trained on these images under other names, so in another order or with other subjects, or in "
            "other folds, or with other unlabelled images. Name another --var."
        )
    return place


def order_of(recipe: Recipe, crops: Crops, *, unlabelled: Crops | None = None) -> str:
    """What ORDER holds: the SHA-256 of the cells' order, of the folds of every partition and of what is `met`."""
    digest = hashlib.sha256(order(crops.cells).encode())
    for seed in recipe.seeds:
        digest.update(partition(crops.cells, folds=recipe.folds, seed=seed).tobytes())
    if without_label := met(recipe, unlabelled):
        digest.update(order(without_label).encode())
    return digest.hexdigest()


def met(recipe: Recipe, unlabelled: Crops | None) -> Sequence[Cell]:
    """Those of the unlabelled cells that the recipe learns from: all, or none where it learns from labels only."""
    return unlabelled.cells if unlabelled is not None and recipe.learns_without_labels else ()


def parts_of(recipe: Recipe, crops: Crops, *, folder: Path) -> list[Part]:
    """Every network of the recipe, folds first, the final fit last."""
    everything = np.arange(len(crops.cells))
    found = []
    for seed in recipe.seeds:
        fold_of = partition(crops.cells, folds=recipe.folds, seed=seed)
        for fold in np.unique(fold_of).tolist():
            learns, tested = everything[fold_of != fold], everything[fold_of == fold]
            found.append(Part(seed, fold, learns, tested, folder / f"seed{seed}-fold{fold}"))
    if recipe.final_fit:
        found.append(Part(recipe.seeds[0], FINAL, everything, everything[:0], folder / "final"))
    return found


def part_named(name: str, parts: Sequence[Part]) -> Part:
    """The part whose folder bears this name; raises PartNotFound."""
    found = {part.folder.name: part for part in parts}
    if name not in found:
        raise PartNotFound(f"There is no part {name!r} of this recipe. There are: {', '.join(found)}.")
    return found[name]


def finished(recipe: Recipe, crops: Crops, *, folder: Path) -> Sequence[results.Fold]:
    """The scores of every fold that is done, of the networks that lie in `folder`."""
    found = []
    for part in parts_of(recipe, crops, folder=folder):
        if part.fold != FINAL and part.is_done:
            try:
                with np.load(part.folder / SCORES) as kept:
                    found.append(results.Fold(part.seed, part.fold, kept["tested"], kept["logit"], part.note))
            except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
                raise part.damaged(error) from error
    return found
