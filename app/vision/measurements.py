"""What the gate reads off an image: a few plain numbers of the largest object on black, on a reduced mask."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from app.vision.components import component_sizes, framed
from app.vision.decode import Pixels
from app.vision.outline import straightest
from app.vision.preprocess import FOREGROUND_ABOVE, Mask, cell_mask

LEAST_AREA_PX = 400
BORDER_OF_A_FIELD = 0.3
"""Where this part of the border is lit there is no black background; where less is, the cell runs into the border."""
_INNER_PX = 8
"""The rim, bright in every cell, is left out of focus and colour."""
_MOST_DETAIL = 60
"""Cap on one pixel's Laplacian, so that a sharp speck cannot make a blurred cell look sharp."""


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


def measure(pixels: Pixels) -> Measurements:
    """Measure uint8 H x W x 3 pixels."""
    outermost = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    border_share = float((_brightest(outermost) > FOREGROUND_ABOVE).mean())
    if border_share > BORDER_OF_A_FIELD:
        return Measurements(border_share, *(0.0,) * 10)
    mask = cell_mask(pixels)
    area = int(np.count_nonzero(mask))
    beside = (_brightest(pixels[::4, ::4]) > FOREGROUND_ABOVE) & ~mask[::4, ::4]
    frame = (border_share, float(area), 16 * np.count_nonzero(beside) / max(area, 1))
    box = _even_box(mask) if area >= LEAST_AREA_PX and min(mask.shape) >= 2 else np.s_[:0, :0]
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
