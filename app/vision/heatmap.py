"""The network's own class activation map, to be laid over the cell: what speaks for ALL and what for a normal cell.

The map is exact, not an estimate: its mean is the logit (see the card's `cam`). Orange and blue keep apart for every
kind of colour blindness, and from the violet of the stain.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.decode import Pixels
from app.vision.preprocess import Mask, cell_mask, seen_part

FOR_ALL = (255, 168, 38)
FOR_NORMAL = (64, 176, 255)

LEAST_SCALE = 2.0
"""Logits; weaker maps are not blown up to full colour, so that a faint hint looks faint."""

Overlay: TypeAlias = NDArray[np.uint8]
"""uint8 S x S x 4, RGB and opacity."""


@dataclass(frozen=True)
class Importance:
    """The map in words: shares of its weight (the sum of its amounts, whichever way they point)."""

    inside: float
    """Of all its weight, the part that lies inside the cell."""
    for_all: float
    """Of the weight inside, the part that speaks for ALL; the rest speaks for a normal cell."""
    strongest: tuple[float, float]
    """Where inside the cell the map is strongest: (x, y) from -1 to 1, from the middle of the network's square."""


def overlay(pixels: Pixels, cam: NDArray[np.float32], *, size: int) -> Overlay:
    """The map over the network's square of `size` pixels, to lie at `preprocess.window`: orange for ALL, blue against.

    `cam` is float32 h x w over that square, as a Score carries it. Outside the cell it is wholly transparent.
    """
    return _coloured(cell_mask(pixels), cam, size=size)


def overlay_of_image(pixels: Pixels, cam: NDArray[np.float32], *, size: int) -> Overlay:
    """`overlay` as large as the image itself, uint8 H x W x 4, to be laid over all of it."""
    mask = cell_mask(pixels)
    whole = np.zeros((*mask.shape, 4), np.uint8)
    shared = seen_part(mask, size=size)
    if shared is not None:
        inside, within = shared
        whole[inside] = _coloured(mask, cam, size=size)[within]
    return whole


def _coloured(mask: Mask, cam: NDArray[np.float32], *, size: int) -> Overlay:
    strength, inside = _over_square(cam, size=size), _mask_in_square(mask, size=size)
    share = np.clip(np.abs(strength) / max(float(np.abs(cam).max()), LEAST_SCALE), 0.0, 1.0) * inside
    colour = np.where(strength[..., None] > 0, np.array(FOR_ALL), np.array(FOR_NORMAL))
    return np.concatenate([colour, np.rint(share * 255)[..., None]], axis=2).astype(np.uint8)


def importance(pixels: Pixels, cam: NDArray[np.float32], *, size: int) -> Importance:
    """Where the map's weight lies, and which way it points; all 0 where the map says nothing."""
    strength, inside = _over_square(cam, size=size), _mask_in_square(cell_mask(pixels), size=size)
    weight = np.abs(strength, dtype=np.float64)
    within = float(weight[inside].sum())
    row, column = np.unravel_index(int((weight * inside).argmax()), weight.shape) if within else (size / 2, size / 2)
    return Importance(
        inside=within / max(float(weight.sum()), 1e-12),
        for_all=float(weight[inside & (strength > 0)].sum()) / max(within, 1e-12),
        strongest=(2 * float(column) / size - 1, 2 * float(row) / size - 1),
    )


def _over_square(cam: NDArray[np.float32], *, size: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(cam.astype(np.float32)).resize((size, size), Image.Resampling.BILINEAR))


def _mask_in_square(mask: Mask, *, size: int) -> Mask:
    """The cell's mask as far as the network's square reaches; all False where there is no cell."""
    square: Mask = np.zeros((size, size), np.bool_)
    shared = seen_part(mask, size=size)
    if shared is not None:
        inside, within = shared
        square[within] = mask[inside]
    return square
