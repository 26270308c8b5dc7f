"""What is reached within parts of the cells: thirds by size and by brightness, and the folders that they came in."""

import os.path
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import CLASSES
from training import metrics
from training.bootstrap import Estimate, interval, never_certain, resampled
from training.cells import Cell
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
    """Each part with its cells and subjects by class, and FIGURES, each [value, low, high].

    Intervals are by bootstrap over the subject groups of all cells, and Wilson's over those of the part for a share of
    0 or 1. None stands for what cannot be had, say a specificity where no cell is normal.
    """
    parts = [one for one in _parts(cells) if one.chosen.any()]

    def each(weights: Floats) -> Floats:
        found = [
            figure(scored.of(part.chosen), weights[..., part.chosen]) for part in parts for figure in FIGURES.values()
        ]
        return np.stack(found)

    shape = len(parts), len(FIGURES)
    values = each(ones(scored)).reshape(shape)
    draws = resampled(each, scored).reshape(*shape, -1)
    return [
        {
            "by": part.by,
            "part": part.part,
            **_counts(scored.of(part.chosen)),
            **{
                name: _estimate(name, values[place, column], draws[place, column], scored.of(part.chosen)).as_json()
                for column, name in enumerate(FIGURES)
            },
        }
        for place, part in enumerate(parts)
    ]


def _estimate(name: str, value: float, draws: Floats, own: Scored) -> Estimate:
    """With the interval of the draws; `never_certain` where it is a share."""
    found = Estimate(float(value), *interval(draws))
    if name == "auc":
        return found
    return never_certain(found, among=own.groups[own.is_all == name.endswith("sensitivity")])


def _parts(cells: Sequence[Cell]) -> list[Part]:
    areas = np.array([float(cell.area) for cell in cells])
    brightness = np.array([(cell.red + cell.green + cell.blue) / 3 for cell in cells])
    sources = np.array([cell.source for cell in cells])
    folders = sorted(set(sources.tolist()))
    common = os.path.commonpath(folders)
    return [
        *_thirds("size", areas, names=("smallest", "middle", "largest"), unit="pixels"),
        *_thirds("brightness", brightness, names=("darkest", "middle", "brightest"), unit="grey levels"),
        *(Part("folder", os.path.relpath(name, common), sources == name) for name in folders if len(folders) > 1),
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
