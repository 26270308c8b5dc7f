"""The one road from pixels to the network's input, for serving and for training alike (NumPy and Pillow only).

Geometry is done here, once: find the cell, centre on it, crop or pad at native scale. Arithmetic (scaling, colour
centring) is inside the exported graph. Change anything that moves a pixel and REVISION must rise: `bundle.read_card`
then refuses models trained on the old road.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.vision.components import enclosed, framed, largest_component
from app.vision.decode import Pixels

REVISION = 1

FOREGROUND_ABOVE = 12
"""A pixel may belong to the cell where its largest channel is above this: black background with JPEG ringing is not."""

REDUCED_SIDE = 128
"""Components are found on a mask reduced by whole factors to at most about this many pixels a side."""

Mask = NDArray[np.bool_]

Part: TypeAlias = tuple[slice, slice]
"""Rows and columns."""


def cell_mask(pixels: Pixels) -> Mask:
    """The largest connected foreground object with its holes filled, as bool H x W; all False where there is none.

    `pixels` is uint8 H x W x 3 on a black background. Connectivity is judged on a reduced mask (450 px: blocks of
    4 x 4), so gaps narrower than a block do not cut a cell in two; the outline itself is exact to the pixel.
    """
    mask: Mask = np.zeros(pixels.shape[:2], np.bool_)
    factor = max(1, math.ceil(max(mask.shape) / REDUCED_SIDE))
    box = _lit_box(pixels, grid=factor)
    if box is not None:
        mask[box] = _cell_within(pixels[box], factor=factor)
    return mask


def crop(pixels: Pixels, *, size: int) -> Pixels:
    """The cell at native scale in the middle of a black square: uint8 size x size x 3.

    Centred on the mask's centroid, cropped or padded with black, never rescaled; pixels outside the mask are 0.
    Where there is no foreground at all the square is black.
    """
    mask = cell_mask(pixels)
    square: Pixels = np.zeros((size, size, 3), np.uint8)
    shared = seen_part(mask, size=size)
    if shared is None:
        return square
    inside, within = shared
    np.multiply(_rows(pixels[inside]), _thrice(mask[inside]), out=_rows(square[within]))
    return square


def _rows(pixels: Pixels) -> Pixels:
    """h x w x 3 as h x 3 w, the same memory: a product over whole rows is quick, one over each colour is not."""
    height, width, colours = pixels.shape
    return pixels.reshape(height, width * colours)


def _thrice(mask: Mask) -> Mask:
    """h x w as h x 3 w: every column three times."""
    wide: Mask = np.empty((mask.shape[0], 3 * mask.shape[1]), np.bool_)
    for colour in range(3):
        wide[:, colour::3] = mask
    return wide


def seen_part(mask: Mask, *, size: int) -> tuple[Part, Part] | None:
    """What image and crop have in common, in the image's rows and columns and in the crop's; None for an empty mask."""
    corner = window(mask, size=size)
    if corner is None:
        return None
    (top, left), (height, width) = corner, mask.shape
    rows = slice(max(top, 0), min(top + size, height))
    columns = slice(max(left, 0), min(left + size, width))
    within = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    return (rows, columns), within


def window(mask: Mask, *, size: int) -> tuple[int, int] | None:
    """(top, left) of the crop in the image, in pixels, negative where it begins outside; None for an empty mask."""
    centre = centroid(mask)
    return None if centre is None else (round(centre[0]) - size // 2, round(centre[1]) - size // 2)


def centroid(mask: Mask) -> tuple[float, float] | None:
    """(row, column) of the mask's centre of mass in pixels, or None for an empty mask."""
    lit = np.flatnonzero(mask.any(axis=1))
    if not len(lit):
        return None
    top, below = int(lit[0]), int(lit[-1]) + 1
    weights = mask[top:below].astype(np.float32)  # counts up to a side of 16 million are exact, and BLAS is quick
    per_row = (weights @ np.ones(mask.shape[1], np.float32)).astype(np.float64)
    per_column = (np.ones(below - top, np.float32) @ weights).astype(np.float64)
    total = float(per_row.sum())
    return float(per_row @ np.arange(top, below)) / total, float(per_column @ np.arange(mask.shape[1])) / total


def _lit_box(pixels: Pixels, *, grid: int) -> tuple[slice, slice] | None:
    """The box around all foreground, grown to whole blocks of the grid; None where there is none.

    What lies outside it is black and outside every cell, so the mask may be sought within it alone.
    """
    height, width = pixels.shape[:2]
    rows = np.flatnonzero(pixels.reshape(height, -1).max(axis=1) > FOREGROUND_ABOVE)
    if not len(rows):
        return None
    top, below = int(rows[0]) // grid * grid, min(-(-(int(rows[-1]) + 1) // grid) * grid, height)
    brightest = pixels[top:below].reshape(below - top, -1).max(axis=0).reshape(width, 3).max(axis=1)
    columns = np.flatnonzero(brightest > FOREGROUND_ABOVE)
    left, right = int(columns[0]) // grid * grid, min(-(-(int(columns[-1]) + 1) // grid) * grid, width)
    return slice(top, below), slice(left, right)


def _cell_within(pixels: Pixels, *, factor: int) -> Mask:
    bright = pixels > FOREGROUND_ABOVE
    foreground = bright[..., 0] | bright[..., 1] | bright[..., 2]
    reduced = _block_any(foreground, factor)
    component = largest_component(reduced)
    solid = component | enclosed(component)
    height, width = foreground.shape
    touched = _enlarge(solid, factor)[:height, :width]
    inside = _enlarge(_eroded_once(solid), factor)[:height, :width]
    mask: Mask = (foreground & touched) | inside
    return mask


def _block_any(mask: Mask, factor: int) -> Mask:
    """`mask` reduced by `factor`: a block is True where any pixel of it is."""
    if factor == 1:
        return mask
    height, width = (math.ceil(side / factor) * factor for side in mask.shape)
    padded = np.zeros((height, width), np.bool_)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    rows = np.logical_or.reduce([padded[i::factor] for i in range(factor)])
    reduced: Mask = np.logical_or.reduce([rows[:, i::factor] for i in range(factor)])
    return reduced


def _enlarge(mask: Mask, factor: int) -> Mask:
    return np.repeat(np.repeat(mask, factor, axis=1), factor, axis=0)


def _eroded_once(mask: Mask) -> Mask:
    """`mask` without the blocks that touch, side or corner, anything outside it."""
    padded = framed(mask)
    rows = padded[:-2] & padded[1:-1] & padded[2:]
    return rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
