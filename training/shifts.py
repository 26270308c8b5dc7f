"""The shift test: the same unseen cells larger, smaller, brighter, darker, tinted, or with a disturbed outline.

A figure that falls here shows what a network leans on. Calibration and threshold stay those of the unchanged cells.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.decode import Pixels
from training import fit, metrics, trust
from training.augment import CELL, ERODED, OPENED, middle
from training.dataset import Crops
from training.metrics import Scored, paired_difference
from training.recipe import Recipe
from training.splits import few_of_each

Shift = Callable[[Pixels, Pixels], Pixels]
"""A stored crop (without anything outside its cell) and its outline map -> the crop that is scored instead."""

SILHOUETTE_GREY = 100

CELLS_A_SUBJECT = 40


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


def silhouette(_: Pixels, outline: Pixels) -> Pixels:
    """The bare shape, one grey: what is told by the outline alone."""
    grey = (outline & CELL != 0) * np.uint8(SILHOUETTE_GREY)
    return np.repeat(grey[..., None], 3, axis=2)


SHIFTS: Mapping[str, Shift] = {
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
    "outline eroded by 4 px": outlined(ERODED),
    "outline opened": outlined(OPENED),
    "silhouette only": silhouette,
}


def report(recipe: Recipe, crops: Crops, parts: Sequence[fit.Part], scored: Scored) -> list[dict[str, Any]]:
    """For every shift: AUC, specificity and sensitivity, and their changes against the unchanged cells."""
    chosen = few_of_each(scored.subjects, most=CELLS_A_SUBJECT)
    logits = {name: np.zeros(len(scored.logits)) for name in SHIFTS}
    for part in parts:
        if part.fold == fit.FINAL or part.seed != recipe.seeds[0]:
            continue
        network = fit.trained(recipe, part)
        own = part.tested[chosen[part.tested]]
        for name, shift in SHIFTS.items():
            logits[name][own] = _logits(network, crops, own, shift=shift, size=recipe.size)
    plain = scored.of(chosen)
    return [{"shift": name, **_compared(scored, plain, logits[name][chosen])} for name in SHIFTS]


def _logits(network: Any, crops: Crops, chosen: NDArray[np.int64], *, shift: Shift, size: int) -> NDArray[np.float32]:
    found = []
    for start in range(0, len(chosen), 64):
        squares = [
            middle(shift(crops.pixels[one], crops.outlines[one]), size=size) for one in chosen[start : start + 64]
        ]
        answer = network.predict_on_batch(np.stack(squares).astype(np.float32))
        found.append(np.asarray(answer["logit"], np.float32)[:, 0])
    return np.concatenate(found)


def _compared(scored: Scored, plain: Scored, logits: metrics.Floats) -> dict[str, Any]:
    fitted = trust.calibration(scored)
    probabilities = np.array([fitted.probability(float(logit)) for logit in logits])
    before = replace(plain, probabilities=np.array([fitted.probability(float(logit)) for logit in plain.logits]))
    after = replace(plain, logits=logits, probabilities=probabilities)
    found: dict[str, Any] = {}
    for name, figure in (
        ("auc", metrics.auc),
        ("specificity", metrics.specificity),
        ("sensitivity", metrics.sensitivity),
    ):
        found[name] = round(float(figure(after, metrics.ones(after))), 4)
        found[f"{name}_change"] = paired_difference(figure, after, before, draws=300).as_json()
    return found
