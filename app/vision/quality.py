"""The gate: is this one usable cell, of the kind that the model learned from? It looks at pixels, before the network.

`measure` reads a few plain numbers off an image (`app.vision.measurements`), `fit_limits` learns from real training
cells how far each may go, and `judge` names the first reason, if any, why the image is unusable. Distance in the
network's own terms is for triage. The margins are wide where laboratories differ (size, brightness, a little JPEG) and
narrow where only mistakes differ.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid
from app.vision.decode import Pixels
from app.vision.measurements import BORDER_OF_A_FIELD, LEAST_AREA_PX, Measurements, measure
from app.vision.unusable import Unusable, explain

__all__ = [
    "GateLimits",
    "Measurements",
    "TooFewCells",
    "Unusable",
    "Unusual",
    "explain",
    "fit_limits",
    "gate",
    "judge",
    "measure",
    "unusual",
]


@dataclass(frozen=True)
class GateLimits:
    """How far each measurement may go; plain floats, kept in the bundle's card."""

    border_share_max: float
    rest_share_max: float
    second_core_max: float
    area_px_min: float
    area_px_max: float
    edge_px_max: float
    focus_min: float
    focus_max: float
    brightness_min: float
    brightness_max: float
    circularity_min: float
    red_green_centre: float
    blue_red_centre: float
    red_green_weight: float
    cross_weight: float
    blue_red_weight: float
    stain_distance_max: float
    """In standard deviations of the training cells' stain (Mahalanobis)."""
    stain_distance_usual: float = math.inf
    """Beyond this a cell is screened, and a human is asked: next to no training cell lies there. A card of before asks
    nobody."""
    straight_usual: float = math.inf
    """Likewise: beyond this something is likely to have cut a part of the cell off."""
    log_area_centre: float = 0.0
    log_focus_centre: float = 0.0
    log_area_weight: float = 0.0
    area_focus_weight: float = 0.0
    log_focus_weight: float = 0.0
    detail_distance_usual: float = math.inf
    """Likewise, in standard deviations of the training cells' size and detail (Mahalanobis, both as logarithms): a cell
    that was scaled is small or large for how fine its detail is."""


class Unusual(Enum):
    """What next to no training cell has, though the gate does not refuse it: a human is asked."""

    STAIN = auto()
    OUTLINE = auto()
    DETAIL = auto()


class TooFewCells(Invalid):
    """Limits cannot be learned from so few cells."""

    code = "too_few_cells"


_CLEARLY_TWO = 0.4
"""Below this, what parts may be a cell and its debris. (Training has such images, more of them of healthy people.)"""
_LEAST_FOCUS = 1e-6
"""Of what is quite flat, so that it has a logarithm."""


def fit_limits(measurements: Sequence[Measurements]) -> GateLimits:
    """Limits that real training cells keep, with margins for other people's cells. Raises TooFewCells.

    Images in which there was nothing to measure teach nothing and are passed over.
    """
    measured = [astuple(each) for each in measurements if each.brightness > 0]
    if len(measured) < 20:
        message = f"The gate's limits need at least 20 cells; {len(measured)} were given."
        raise TooFewCells(message)
    columns = np.array(measured).T
    border, area, rest, second, edge, focus, brightness, red_green, blue_red, circularity, straight = columns
    stain, stain_weights, stain_distance = _spread(red_green, blue_red)
    detail, detail_weights, detail_distance = _spread(np.log(area), np.log(np.maximum(focus, _LEAST_FOCUS)))
    return GateLimits(
        border_share_max=max(1.5 * _high(border), 0.03),
        rest_share_max=max(1.5 * _high(rest), 0.03),
        second_core_max=max(1.5 * _high(second), _CLEARLY_TWO),
        area_px_min=_low(area) / 1.6,
        area_px_max=_high(area) * 1.25,
        edge_px_max=max(1.5 * _high(edge), 1.25),
        focus_min=_low(focus) / 1.4,
        focus_max=_high(focus) * 2,
        brightness_min=_low(brightness) / 1.4,
        brightness_max=min(_high(brightness) * 1.6, 250.0),
        circularity_min=_low(circularity) / 1.4,
        red_green_centre=float(stain[0]),
        blue_red_centre=float(stain[1]),
        red_green_weight=float(stain_weights[0, 0]),
        cross_weight=float(stain_weights[0, 1]),
        blue_red_weight=float(stain_weights[1, 1]),
        stain_distance_max=_high(stain_distance) * 1.4,
        stain_distance_usual=_high(stain_distance),
        straight_usual=_high(straight) * 1.15,
        log_area_centre=float(detail[0]),
        log_focus_centre=float(detail[1]),
        log_area_weight=float(detail_weights[0, 0]),
        area_focus_weight=float(detail_weights[0, 1]),
        log_focus_weight=float(detail_weights[1, 1]),
        detail_distance_usual=_high(detail_distance),
    )


def _spread(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of two measurements of N cells: both centres, their inverse covariance (2 x 2), and each cell's distance."""
    both = np.stack([one, other])
    weights = np.linalg.inv(np.cov(both) + 1e-4 * np.eye(2))
    centre = both.mean(axis=1)
    away = both - centre[:, None]
    return centre, np.asarray(weights, np.float64), np.sqrt(np.einsum("in,ij,jn->n", away, weights, away))


def judge(measurements: Measurements, *, limits: GateLimits) -> Unusable | None:
    """The first reason why the image is unusable; None where it may be screened."""
    seen = measurements
    findings = {
        Unusable.NOT_SEGMENTED: seen.border_share > BORDER_OF_A_FIELD,
        Unusable.NO_CELL: seen.area_px < LEAST_AREA_PX,
        Unusable.CELL_CUT_OFF: seen.border_share > limits.border_share_max,
        Unusable.SEVERAL_CELLS: seen.rest_share > limits.rest_share_max or seen.second_core > limits.second_core_max,
        Unusable.CELL_TOO_SMALL: seen.area_px < limits.area_px_min,
        Unusable.CELL_TOO_LARGE: seen.area_px > limits.area_px_max,
        Unusable.STAIN_UNLIKE_TRAINING: _stain_distance(seen, limits=limits) > limits.stain_distance_max,
        Unusable.TOO_DARK: seen.brightness < limits.brightness_min,
        Unusable.TOO_BRIGHT: seen.brightness > limits.brightness_max,
        Unusable.TOO_NOISY: seen.focus > limits.focus_max,
        Unusable.OUT_OF_FOCUS: seen.focus < limits.focus_min or seen.edge_px > limits.edge_px_max,
        Unusable.SHAPE_UNLIKE_CELL: seen.circularity < limits.circularity_min,
    }
    return next((reason for reason in Unusable if findings[reason]), None)


def unusual(measurements: Measurements, *, limits: GateLimits) -> frozenset[Unusual]:
    """What of a cell that passes the gate is such as next to no training cell has."""
    findings = {
        Unusual.STAIN: _stain_distance(measurements, limits=limits) > limits.stain_distance_usual,
        Unusual.OUTLINE: measurements.straight > limits.straight_usual,
        Unusual.DETAIL: _detail_distance(measurements, limits=limits) > limits.detail_distance_usual,
    }
    return frozenset(one for one, found in findings.items() if found)


def gate(pixels: Pixels, *, limits: GateLimits) -> Unusable | None:
    """Measure and judge: the reason why these pixels are unusable, or None."""
    return judge(measure(pixels), limits=limits)


def _low(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.005))


def _high(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.995))


def _stain_distance(seen: Measurements, *, limits: GateLimits) -> float:
    across, along = seen.red_green - limits.red_green_centre, seen.blue_red - limits.blue_red_centre
    weights = limits.red_green_weight, limits.cross_weight, limits.blue_red_weight
    return _mahalanobis(across, along, weights=weights)


def _detail_distance(seen: Measurements, *, limits: GateLimits) -> float:
    across = math.log(max(seen.area_px, 1.0)) - limits.log_area_centre
    along = math.log(max(seen.focus, _LEAST_FOCUS)) - limits.log_focus_centre
    weights = limits.log_area_weight, limits.area_focus_weight, limits.log_focus_weight
    return _mahalanobis(across, along, weights=weights)


def _mahalanobis(across: float, along: float, *, weights: tuple[float, float, float]) -> float:
    """`weights`: those of the inverse covariance, of the first, of both, and of the second."""
    first, both, second = weights
    return math.sqrt(max(first * across**2 + second * along**2 + 2 * both * across * along, 0))
