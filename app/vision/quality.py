"""The gate: is this one usable cell, of the kind that the model learned from? It looks at pixels, before the network.

`measure` reads a few plain numbers off an image, `fit_limits` learns from real training cells how far each may go, and
`judge` names the first reason, if any, why the image is unusable. Distance in the network's own terms is for triage.
The margins are wide where laboratories differ (size, brightness, a little JPEG) and narrow where only mistakes differ.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.errors import Invalid
from app.vision.components import component_sizes, framed
from app.vision.decode import Pixels
from app.vision.outline import straightest
from app.vision.preprocess import FOREGROUND_ABOVE, Mask, cell_mask
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
class Measurements:
    """What the gate sees. All but the first three are 0 where there is no object large and solid enough to measure."""

    border_share: float
    """Part of the image's outermost pixels that is not black. Where it is large, nothing else is measured (0)."""
    area_px: float
    """Pixels of the largest object on black, its holes filled."""
    rest_share: float
    """Pixels lit outside that object, as a part of its area."""
    second_core: float
    """Size of the second part over the first where shrinking parts the object, as it parts two cells that touch."""
    edge_px: float
    """Width of the faint seam between object and black."""
    focus: float
    """Fine detail inside: mean absolute Laplacian at 2 px, relative to brightness."""
    brightness: float
    """Mean grey level inside, all channels, 0 to 255."""
    red_green: float
    """Natural logarithm of mean red over mean green inside."""
    blue_red: float
    circularity: float
    """4 pi area / perimeter squared: about 1 for a disc, less the more ragged the outline."""
    straight: float
    """The longest straight part of the outline on its hull, over the diameter of a disc of its area; 1 for a half."""


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


_LEAST_AREA_PX = 400
_BORDER_OF_A_FIELD = 0.3
"""Where this part of the border is lit there is no black background; where less is, the cell runs into the border."""
_CLEARLY_TWO = 0.4
"""Below this, what parts may be a cell and its debris. (Training has such images, more of them of healthy people.)"""
_INNER_PX = 8
"""The rim, bright in every cell, is left out of focus and colour."""
_LEAST_FOCUS = 1e-6
"""Of what is quite flat, so that it has a logarithm."""
_MOST_DETAIL = 60
"""Cap on one pixel's Laplacian, so that a sharp speck cannot make a blurred cell look sharp."""


def measure(pixels: Pixels) -> Measurements:
    """Measure uint8 H x W x 3 pixels."""
    outermost = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    border_share = float((_brightest(outermost) > FOREGROUND_ABOVE).mean())
    if border_share > _BORDER_OF_A_FIELD:
        return Measurements(border_share, *(0.0,) * 10)
    mask = cell_mask(pixels)
    area = int(np.count_nonzero(mask))
    beside = (_brightest(pixels[::4, ::4]) > FOREGROUND_ABOVE) & ~mask[::4, ::4]
    frame = (border_share, float(area), 16 * np.count_nonzero(beside) / max(area, 1))
    box = _even_box(mask) if area >= _LEAST_AREA_PX and min(mask.shape) >= 2 else np.s_[:0, :0]
    cell, within = pixels[box], mask[box]
    inner = _inner(within)
    if not inner.any():
        return Measurements(*frame, *(0.0,) * 8)
    half = np.asarray(Image.fromarray(cell).reduce(2))
    red, green, blue = _mean_colour(half, where=inner)
    brightness, perimeter = (red + green + blue) / 3, _perimeter(within)
    faint = np.count_nonzero((_brightest(cell) < math.ceil(max(red, green, blue) / 2)) & within)
    return Measurements(
        *frame,
        second_core=_second_core(within, area=area),
        edge_px=faint / perimeter,
        focus=_detail(half, inner=inner) / (brightness + 1),
        brightness=brightness,
        red_green=float(np.log((red + 1) / (green + 1))),
        blue_red=float(np.log((blue + 1) / (red + 1))),
        circularity=4 * np.pi * area / perimeter**2,
        straight=straightest(within),
    )


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
    stain = np.stack([red_green, blue_red])
    weights = np.linalg.inv(np.cov(stain) + 1e-4 * np.eye(2))
    away = stain - stain.mean(axis=1, keepdims=True)
    distance = np.sqrt(np.einsum("in,ij,jn->n", away, weights, away))
    detail = np.log(np.stack([area, np.maximum(focus, _LEAST_FOCUS)]))
    of_detail = np.linalg.inv(np.cov(detail) + 1e-4 * np.eye(2))
    apart = detail - detail.mean(axis=1, keepdims=True)
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
        red_green_centre=float(red_green.mean()),
        blue_red_centre=float(blue_red.mean()),
        red_green_weight=float(weights[0, 0]),
        cross_weight=float(weights[0, 1]),
        blue_red_weight=float(weights[1, 1]),
        stain_distance_max=_high(distance) * 1.4,
        stain_distance_usual=_high(distance),
        straight_usual=_high(straight) * 1.15,
        log_area_centre=float(detail[0].mean()),
        log_focus_centre=float(detail[1].mean()),
        log_area_weight=float(of_detail[0, 0]),
        area_focus_weight=float(of_detail[0, 1]),
        log_focus_weight=float(of_detail[1, 1]),
        detail_distance_usual=_high(np.sqrt(np.einsum("in,ij,jn->n", apart, of_detail, apart))),
    )


def judge(measurements: Measurements, *, limits: GateLimits) -> Unusable | None:
    """The first reason why the image is unusable; None where it may be screened."""
    seen = measurements
    findings = {
        Unusable.NOT_SEGMENTED: seen.border_share > _BORDER_OF_A_FIELD,
        Unusable.NO_CELL: seen.area_px < _LEAST_AREA_PX,
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


def _brightest(pixels: Pixels) -> Pixels:
    """The largest of the three channels, which are the last axis."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def _mean_colour(pixels: Pixels, *, where: Mask) -> tuple[float, float, float]:
    """Mean red, green and blue of the pixels in `where`: sums of whole numbers, exact in float64."""
    colours = pixels.reshape(-1, 3).astype(np.float64)
    red, green, blue = (where.reshape(-1).astype(np.float64) @ colours / np.count_nonzero(where)).tolist()
    return red, green, blue


def _even_box(mask: Mask) -> tuple[slice, slice]:
    """The box around the mask, grown to even length, or cut by a pixel where the image ends."""
    spans = []
    for axis in (0, 1):
        where = np.flatnonzero(mask.any(axis=1 - axis))
        start = int(where[0]) // 2 * 2
        stop = min((int(where[-1]) + 2) // 2 * 2, mask.shape[axis] // 2 * 2)
        spans.append(slice(start, max(stop, start + 2)))
    return spans[0], spans[1]


def _inner(mask: Mask) -> Mask:
    """The mask at half size without its outer _INNER_PX (all of it where nothing else is left)."""
    half = mask[::2, ::2] & mask[1::2, ::2] & mask[::2, 1::2] & mask[1::2, 1::2]
    half[:1] = half[-1:] = half[:, :1] = half[:, -1:] = False
    depth = _INNER_PX // 2
    inner = np.zeros_like(half)
    inner[depth:-depth, depth:-depth] = _shrunk(half, steps=depth)
    return inner if inner.any() else half


def _second_core(mask: Mask, *, area: int) -> float:
    """Shrink the mask by a third of its radius; the second largest part that is left, over the largest."""
    radius = np.sqrt(area / np.pi)
    stride = max(1, round(radius / 26))
    core = _shrunk(framed(mask[::stride, ::stride]), steps=round(0.35 * radius / stride))
    first, second, *_ = [*component_sizes(core), 0, 0]
    return second / max(first, 1)


def _shrunk(mask: Mask, *, steps: int) -> Mask:
    """Of a mask with nothing on its rim: at each step without its outermost pixels, and rows and columns of the rim.

    Turn about, pixels go that touch the outside by a side and those that touch it by a corner: this shrinks evenly.
    """
    for step in range(steps):
        across = mask[:, :-2] & mask[:, 1:-1] & mask[:, 2:]
        if step % 2 == 1:
            mask = across[:-2] & across[1:-1] & across[2:]
        else:
            mask = across[1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1]
    return mask


def _perimeter(mask: Mask) -> float:
    """Length of the outline in pixels: sides between in and out, times pi / 4 for their staircase."""
    seen = framed(mask)
    sides = np.count_nonzero(seen[1:] != seen[:-1]) + np.count_nonzero(seen[:, 1:] != seen[:, :-1])
    return max(float(sides) * np.pi / 4, 1.0)


def _detail(half: Pixels, *, inner: Mask) -> float:
    """Mean absolute Laplacian of the sum of the channels over `inner`, which keeps clear of the outermost pixels."""
    light = half[..., 0].astype(np.int16) + half[..., 1] + half[..., 2]
    bend = 4 * light[1:-1, 1:-1] - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:]
    where = inner[1:-1, 1:-1]
    within = np.abs(bend[where])
    return float(np.minimum(within, _MOST_DETAIL).sum()) / len(within) if len(within) else 0.0
