"""What is reached within parts of the cells: thirds by size and by brightness, and the folders that they came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import CLASSES
from training import metrics
from training.bootstrap import Estimate, interval, resampled
from training.cnmc import Cell
from training.metrics import Figure
from training.scored import Floats, Scored, ones

FIGURES: dict[str, Figure] = {
    "auc": metrics.auc,
    "sensitivity": metrics.sensitivity,
    "specificity": metrics.specificity,
    "subject_macro_sensitivity": metrics.macro(metrics.sensitivity),
    "subject_macro_specificity": metrics.macro(metrics.specificity),
}
"""What is said of each part; calls are at 0.5."""


@dataclass(frozen=True)
class Part:
    """Some of N cells: by what they were chosen, which they are in words, and N bools."""

    by: str
    part: str
    chosen: NDArray[np.bool_]


def report(scored: Scored, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Each part with its cells and subjects by class and FIGURES, each [value, low, high] by bootstrap over the subject
    groups of all cells; None for what cannot be had, say a specificity where no cell is normal.
    """
    parts = [one for one in _parts(cells) if one.chosen.any()]

    def each(weights: Floats) -> Floats:
        found = [
            figure(scored.of(part.chosen), weights[..., part.chosen]) for part in parts for figure in FIGURES.values()
        ]
        return np.stack(found)

    values, draws = each(ones(scored)), resampled(each, scored)
    told = [Estimate(float(value), *interval(own)).as_json() for value, own in zip(values, draws, strict=True)]
    return [
        {
            "by": part.by,
            "part": part.part,
            **_counts(scored.of(part.chosen)),
            **dict(zip(FIGURES, told[place * len(FIGURES) :], strict=False)),
        }
        for place, part in enumerate(parts)
    ]


def _parts(cells: Sequence[Cell]) -> list[Part]:
    areas = np.array([float(cell.area) for cell in cells])
    brightness = np.array([(cell.red + cell.green + cell.blue) / 3 for cell in cells])
    sources = np.array([cell.source for cell in cells])
    folders = sorted(set(sources.tolist()))
    return [
        *_thirds("size", areas, names=("smallest", "middle", "largest"), unit="pixels"),
        *_thirds("brightness", brightness, names=("darkest", "middle", "brightest"), unit="grey levels"),
        *(Part("folder", name, sources == name) for name in folders if len(folders) > 1),
    ]


def _thirds(by: str, values: Floats, *, names: Sequence[str], unit: str) -> list[Part]:
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    lowest, middle, highest = names
    return [
        Part(by, f"{lowest} third, below {low:,.0f} {unit}", values < low),
        Part(by, f"{middle} third", (values >= low) & (values < high)),
        Part(by, f"{highest} third, from {high:,.0f} {unit} on", values >= high),
    ]


def _counts(scored: Scored) -> dict[str, Any]:
    of_class = dict(zip(CLASSES, (~scored.is_all, scored.is_all), strict=True))
    return {
        "cells": {name: int(own.sum()) for name, own in of_class.items()},
        "subjects": {name: len(set(scored.subjects[own].tolist())) for name, own in of_class.items()},
    }
