"""The network's own class activation map, laid over the cell: what speaks for ALL and what for a normal cell.

The map is exact, not an estimate: its mean is the logit (see the card's `cam`).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.decode import Pixels
from app.vision.preprocess import cell_mask, window

FOR_ALL = (230, 60, 40)
FOR_NORMAL = (40, 110, 230)

STRONGEST = 0.65
"""How much of the colour covers the cell where the map is strongest."""

LEAST_SCALE = 2.0
"""Logits; weaker maps are not blown up to full colour, so that a faint hint looks faint."""


def overlay(pixels: Pixels, cam: NDArray[np.float32], *, size: int) -> Pixels:
    """The image, uint8 H x W x 3, with the map laid over its cell: red for ALL, blue for normal.

    `cam` is float32 h x w over the network's square of `size` pixels, as a Score carries it. Outside the cell, and
    where there is no cell at all, the image stays as it is.
    """
    mask = cell_mask(pixels)
    corner = window(mask, size=size)
    if corner is None:
        return pixels.copy()
    strength = _on_image(cam, size=size, corner=corner, shape=mask.shape)
    share = np.clip(np.abs(strength) / max(float(np.abs(cam).max()), LEAST_SCALE), 0.0, 1.0) * STRONGEST * mask
    colour = np.where(strength[..., None] > 0, np.array(FOR_ALL), np.array(FOR_NORMAL))
    mixed = pixels * (1.0 - share[..., None]) + colour * share[..., None]
    return np.rint(mixed).astype(np.uint8)


def _on_image(
    cam: NDArray[np.float32], *, size: int, corner: tuple[int, int], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The map at full size in the image's frame, 0 where the network's square does not reach."""
    square = np.asarray(Image.fromarray(cam.astype(np.float32)).resize((size, size), Image.Resampling.BILINEAR))
    whole = np.zeros(shape, np.float32)
    top, left = corner
    rows = slice(max(top, 0), min(top + size, shape[0]))
    columns = slice(max(left, 0), min(left + size, shape[1]))
    whole[rows, columns] = square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return whole
