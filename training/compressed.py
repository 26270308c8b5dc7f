"""How well cells that were compressed with loss once are told from those that never were, for the card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.vision import compression
from app.vision.decode import Pixels
from app.vision.preprocess import cell_mask
from training import traces
from training.cells import Cell
from training.not_cells import Spoilt
from training.pictures import through_a_file


def through(kind: str, **how: Any) -> Spoilt:
    """The cell compressed with loss, and cut out on black again."""

    def compressed(pixels: Pixels) -> Pixels:
        found: Pixels = through_a_file(pixels, kind, **how) * cell_mask(pixels)[..., None]
        return found

    return compressed


def moved(pixels: Pixels) -> Pixels:
    """The same cell elsewhere in its image, so that the grid does not begin at its corner."""
    return np.roll(pixels, (3, 5), axis=(0, 1))


COMPRESSED: Mapping[str, Spoilt] = {
    **{
        f"JPEG, quality {quality}, colour {colour}": through("JPEG", quality=quality, subsampling=colour)
        for quality, colour in ((75, "4:2:0"), (90, "4:2:0"), (95, "4:2:0"), (95, "4:4:4"), (99, "4:4:4"))
    },
    "JPEG, quality 95, colour 4:2:0, moved": lambda pixels: moved(
        through("JPEG", quality=95, subsampling="4:2:0")(pixels)
    ),
    "lossy WebP, quality 80": through("WEBP", quality=80),
    "lossy WebP, quality 95": through("WEBP", quality=95),
    "JPEG, quality 100, colour 4:4:4": through("JPEG", quality=100, subsampling="4:4:4"),
    "JPEG, quality 95, colour 4:2:0, scaled to 90 % afterwards": lambda pixels: _scaled(
        through("JPEG", quality=95, subsampling="4:2:0")(pixels), by=0.9
    ),
}
"""The last two cannot be told, or not always: little is lost by the first, and of the other no grid is left."""

NEVER_COMPRESSED: Mapping[str, Spoilt] = {
    "never compressed, enlarged by 4/3": lambda pixels: _scaled(pixels, by=4 / 3),
    "never compressed, enlarged by 2": lambda pixels: _scaled(pixels, by=2),
    "never compressed, scaled to 75 % and back": lambda pixels: _scaled(_scaled(pixels, by=0.75), by=4 / 3),
}
"""What enlarges may leave such a grid as well; it is marked then, though nothing was compressed."""


def trial(cells: Sequence[Cell], root: Path) -> dict[str, Any]:
    """The limit, and what of real cells is marked by it, as they are and after each of the ways."""
    ways = {**COMPRESSED, **NEVER_COMPRESSED}
    return {"limit": compression.LIMIT, **traces.trial(compression.was_compressed, ways, cells, root)}


def _scaled(pixels: Pixels, *, by: float) -> Pixels:
    """The image with its sides times this, bicubic, and black again where it was."""
    height, width, _ = pixels.shape
    scaled = Image.fromarray(pixels).resize((round(by * width), round(by * height)), Image.Resampling.BICUBIC)
    found: Pixels = np.asarray(scaled) * cell_mask(np.asarray(scaled))[..., None]
    return found
