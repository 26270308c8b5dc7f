"""The shift test: the same unseen cells larger, smaller, brighter, darker, tinted, through a JPEG file, or with a
disturbed outline.

A figure that falls here shows what a network leans on. Calibration and threshold stay those of the unchanged cells.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from PIL import Image

from app.vision.decode import Pixels
from training import metrics, trust
from training.augment import CELL, ERODED, OPENED, middle
from training.bootstrap import paired_difference
from training.dataset import Crops
from training.network import answering, trained
from training.parts import FINAL, Part
from training.pictures import through_a_file
from training.recipe import Recipe
from training.scored import Floats, Scored, ones

Scorer = Callable[[Pixels], Floats]
"""From N x size x size x 3 to N logits."""

Shift = Callable[[Pixels, Pixels], Pixels]
"""A stored crop (without anything outside its cell) and its outline map -> the crop that is scored instead."""

UNCHANGED = "nothing changed"
"""The shift that changes no cell: networks that are those of the results give their scores again."""

SILHOUETTE_GREY = 100

FIGURES: Mapping[str, metrics.Figure] = {
    "auc": metrics.auc,
    "specificity": metrics.specificity,
    "sensitivity": metrics.sensitivity,
}
"""What may fall under a shift."""

PARTITIONS = 2
"""So many of a recipe's partitions, the first ones, are tried."""

JPEG_QUALITY = 95

AT_ONCE = 64
"""So many cells are scored at once."""

HELD = 8
"""So many networks are held: more than a few partitions have of folds together."""


def enlarged(area: float) -> Shift:
    """Area times this, about the middle, bilinear."""
    step = 1.0 / math.sqrt(area)

    def shift(square: Pixels, _: Pixels) -> Pixels:
        side = square.shape[0]
        start = side / 2.0 * (1.0 - step)
        matrix = (step, 0.0, start, 0.0, step, start)
        picture = Image.fromarray(square)
        return np.asarray(picture.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))

    return shift


def brighter(red: float, green: float, blue: float) -> Shift:
    """Each channel times its factor."""
    factors = np.array([red, green, blue])

    def shift(square: Pixels, _: Pixels) -> Pixels:
        return np.clip(np.rint(square * factors), 0, 255).astype(np.uint8)

    return shift


def outlined(bit: int) -> Shift:
    """Only what the outline map's bit keeps."""

    def shift(square: Pixels, outline: Pixels) -> Pixels:
        kept: Pixels = square * (outline & bit != 0)[..., None]
        return kept

    return shift


def as_it_is(square: Pixels, _: Pixels) -> Pixels:
    return square


def stored_with_loss(square: Pixels, outline: Pixels) -> Pixels:
    """Through a JPEG file, of half the resolution for colour as most programs write it; black stays black."""
    return outlined(CELL)(through_a_file(square, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0"), outline)


def silhouette(_: Pixels, outline: Pixels) -> Pixels:
    """The bare shape, one grey: what is told by the outline alone."""
    grey = (outline & CELL != 0) * np.uint8(SILHOUETTE_GREY)
    return np.repeat(grey[..., None], 3, axis=2)


SHIFTS: Mapping[str, Shift] = {
    UNCHANGED: as_it_is,
    "area x .85": enlarged(0.85),
    "area x 1.15": enlarged(1.15),
    "brightness x .8": brighter(0.8, 0.8, 0.8),
    "brightness x 1.3": brighter(1.3, 1.3, 1.3),
    "red x .9": brighter(0.9, 1.0, 1.0),
    "red x 1.1": brighter(1.1, 1.0, 1.0),
    "green x .9": brighter(1.0, 0.9, 1.0),
    "green x 1.1": brighter(1.0, 1.1, 1.0),
    "blue x .9": brighter(1.0, 1.0, 0.9),
    "blue x 1.1": brighter(1.0, 1.0, 1.1),
    f"a JPEG file of quality {JPEG_QUALITY}": stored_with_loss,
    "outline eroded by 4 px": outlined(ERODED),
    "outline opened": outlined(OPENED),
    "silhouette only": silhouette,
}


def logits(
    recipe: Recipe, crops: Crops, parts: Sequence[Part], on: Mapping[int, Scored]
) -> dict[int, dict[str, Floats]]:
    """By seed and shift the logit of every cell, from the network of that partition of `on` that did not see it.

    Cells are shifted once for all partitions. Few networks are held at a time: there may be one for each person.
    """
    part_of = {(part.seed, part.fold): part for part in parts if part.fold != FINAL}

    @lru_cache(maxsize=HELD)
    def scorer_of(seed: int, fold: int) -> Scorer:
        return scorer(trained(recipe, part_of[seed, fold]), size=recipe.size)

    found = {seed: {name: np.zeros(len(crops.cells)) for name in SHIFTS} for seed in on}
    fold_of = np.stack([scored.folds for scored in on.values()])
    for folds in np.unique(fold_of, axis=1).T:
        scorers = {seed: scorer_of(seed, fold) for seed, fold in zip(on, folds.tolist(), strict=True)}
        own = np.flatnonzero((fold_of == folds[:, None]).all(axis=0))
        for start in range(0, len(own), AT_ONCE):
            chosen = own[start : start + AT_ONCE]
            for name, shift in SHIFTS.items():
                changed = [shift(crops.pixels[one], crops.outlines[one]) for one in chosen]
                pixels = np.stack([middle(one, size=recipe.size) for one in changed])
                for seed, score in scorers.items():
                    found[seed][name][chosen] = score(pixels)
    return found


def report(on: Mapping[int, Scored], shifted: Mapping[int, Mapping[str, Floats]]) -> list[dict[str, Any]]:
    """For every shift and every partition of `on`, by seed: AUC, specificity and sensitivity, and their changes against
    the unchanged cells; `shifted` has what `logits` found.
    """
    tried = {seed: at_fixed_threshold(scored, [shifted[seed][name] for name in SHIFTS]) for seed, scored in on.items()}
    return [
        {"shift": name, "seed": seed, "cells": len(unchanged.logits), **_compared(unchanged, others[place])}
        for place, name in enumerate(SHIFTS)
        for seed, (unchanged, *others) in tried.items()
    ]


def scorer(network: keras.Model, *, size: int) -> Scorer:
    answers = answering(network, "logit", size=size)
    return lambda pixels: answers(pixels)[:, 0].astype(np.float64)


def at_fixed_threshold(scored: Scored, shifted: Sequence[Floats]) -> list[Scored]:
    """The unchanged cells and then each of the shifted ones, all with the calibration of the unchanged cells."""
    by = trust.calibration(scored)
    return [trust.calibrated(one, by=by) for one in (scored, *(scored.with_logits(logits) for logits in shifted))]


def _compared(before: Scored, after: Scored) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, figure in FIGURES.items():
        found[name] = round(float(figure(after, ones(after))), 4)
        found[f"{name}_change"] = paired_difference(figure, after, before).as_json()
    return found
