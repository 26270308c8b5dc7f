"""How far from the training cells a cell may lie before it is atypical: as far as 99 % of unseen cells do."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import Distance
from app.vision.distance import distances
from training import network
from training.bootstrap import estimate_share
from training.dataset import Crops
from training.metrics import weighted_quantiles
from training.parts import FINAL, Part
from training.recipe import Recipe
from training.scored import Floats, Scored, subject_weights

KEPT_BY = 0.99
"""The share of unseen cells, every subject counting the same, that lie nearer than the limit."""

Embeddings = NDArray[np.float32]


def fitted(
    recipe: Recipe, crops: Crops, parts: Sequence[Part], final: keras.Model, *, pool: Scored
) -> tuple[Distance, Floats]:
    """Class means and common deviation of what the `final` network says of all N cells, with the limit; and the
    distances of the cells of `pool`, which are these N for each seed of the parts, under networks that never saw their
    person. Raises NotTrained.
    """
    is_all = np.array([cell.label == "ALL" for cell in crops.cells])
    learned = _embeddings(recipe, crops, final)
    folds = [part for part in parts if part.fold != FINAL]
    away = {part.seed: np.zeros(len(is_all)) for part in folds}
    for part in folds:
        seen = learned if recipe.is_fixed else _embeddings(recipe, crops, network.trained(recipe, part))
        away[part.seed][part.tested] = _unseen(seen[part.learns], is_all[part.learns], seen[part.tested])
    of_pool = np.concatenate(list(away.values()))
    means, deviation = _reference(learned, is_all)
    told = Distance(
        hem_mean=_rounded(means[0]),
        all_mean=_rounded(means[1]),
        deviation=_rounded(deviation),
        atypical_from=round(_limit(pool, of_pool), 4),
    )
    return told, of_pool


def beyond(pool: Scored, away: Floats) -> dict[str, list[float | None]]:
    """The share of each class' unseen cells that lie farther away than all other subject groups' cells allow, every
    subject counting the same.
    """
    far = np.zeros(len(away), np.bool_)
    for group in np.unique(pool.groups):
        own = pool.groups == group
        far[own] = away[own] > _limit(pool.of(~own), away[~own])
    return {
        name: estimate_share(far, among, pool).as_json()
        for name, among in (("far_hem", ~pool.is_all), ("far_all", pool.is_all))
    }


def _limit(pool: Scored, away: Floats) -> float:
    return weighted_quantiles(away, subject_weights(pool), shares=(KEPT_BY,))[0]


def _embeddings(recipe: Recipe, crops: Crops, model: keras.Model) -> Embeddings:
    return network.scores(model, crops, np.arange(len(crops.cells)), size=recipe.size)["embedding"]


def _unseen(learned: Embeddings, is_all: NDArray[np.bool_], unseen: Embeddings) -> Floats:
    """Distances of cells that a network never saw from those it learned from."""
    means, deviation = _reference(learned, is_all)
    return distances(unseen, means=means, deviation=deviation).min(axis=1)


def _reference(embeddings: Embeddings, is_all: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """2 x D class means (HEM, ALL) and D common deviations, never 0."""
    means = np.stack([embeddings[~is_all].mean(axis=0), embeddings[is_all].mean(axis=0)]).astype(np.float64)
    within = embeddings - means[is_all.astype(int)]
    return means, np.sqrt((within * within).mean(axis=0)) + 1e-3


def _rounded(vector: Floats) -> tuple[float, ...]:
    return tuple(round(float(one), 5) for one in vector)
