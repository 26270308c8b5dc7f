"""From committed logits to calibrated scores: each by a network and a calibration that never saw the cell's subject."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import results, trust
from training.cells import Cell
from training.recipe import Recipe
from training.scored import Floats, Scored
from training.splits import refuse_shared


class ScoresMissing(results.ResultsDoNotFit):
    code = "scores_missing"


def scored_of(rows: Sequence[results.Row], cells: Sequence[Cell], *, seed: int) -> Scored:
    """The out-of-fold scores of one seed in the order of `cells`.

    Raises ScoresMissing where a cell has none, and GroupShared where a subject group was scored in two folds: then a
    network was tested on people whom it knew. ResultsDoNotFit where an image has two.
    """
    by_image: dict[str, results.Row] = {}
    for row in rows:
        if row.seed == seed and (earlier := by_image.setdefault(row.image_sha256, row)) is not row:
            raise results.ResultsDoNotFit(
                f"{row.where}: image {row.image_sha256[:12]} has a score of seed {seed} already ({earlier.where}). "
                "Run `fit` again."
            )
    if missing := sum(cell.sha256 not in by_image for cell in cells):
        raise ScoresMissing(f"{missing} of {len(cells)} cells have no score under seed {seed}. Run `fit` to the end.")
    own = [by_image[cell.sha256] for cell in cells]
    refuse_shared([cell.group for cell in cells], [row.fold for row in own], where=[row.where for row in own])
    return cross_scored(cells, np.array([row.logit for row in own]), folds=np.array([row.fold for row in own]))


def cross_scored(cells: Sequence[Cell], logits: Floats, *, folds: NDArray[np.int64]) -> Scored:
    """What N logits say of as many cells, each fold's calibrated on the other folds."""
    scored = replace(unscored(cells, folds), logits=logits)
    return replace(scored, probabilities=trust.cross_calibrated(scored, apart=folds))


def unscored(cells: Sequence[Cell], folds: NDArray[np.int64]) -> Scored:
    """The cells as `metrics` takes them, without any score."""
    return Scored(
        is_all=np.array([cell.label == "ALL" for cell in cells]),
        subjects=np.array([cell.subject for cell in cells]),
        groups=np.array([cell.group for cell in cells]),
        folds=folds,
        logits=np.zeros(len(cells)),
        areas=np.array([cell.area for cell in cells], np.float64),
        probabilities=np.zeros(len(cells)),
    )


def scored_by_seed(
    rows: Sequence[results.Row], cells: Sequence[Cell], *, seeds: Sequence[int] | None = None
) -> dict[int, Scored]:
    """The scores of these seeds, or of all that the rows have; raises what `scored_of` raises."""
    wanted = sorted({row.seed for row in rows}) if seeds is None else seeds
    return {seed: scored_of(rows, cells, seed=seed) for seed in wanted}


def scores_of(recipe: Recipe, cells: Sequence[Cell], *, folder: Path) -> dict[int, Scored]:
    """The out-of-fold scores of all partitions of a recipe in its results in `folder`, by seed.

    Raises ResultsDoNotFit where they are of other cells or of an earlier form of the recipe, and what `scored_of` does.
    """
    path = folder / f"{recipe.name}.csv"
    rows = results.read_of(path, cells)
    results.refuse_other_recipe(path, recipe)
    return scored_by_seed(rows, cells, seeds=recipe.seeds)


def scored_if_finished(rows: Sequence[results.Row], cells: Sequence[Cell], *, seed: int) -> Scored | None:
    """The same of one seed, or None where some cells are still to come."""
    try:
        return scored_of(rows, cells, seed=seed)
    except ScoresMissing:
        return None
