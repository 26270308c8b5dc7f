"""How well cells that were scaled or turned after they had been cut out are told from others, for the card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from app.vision import resampling
from app.vision.decode import Pixels
from training import traces
from training.cells import Cell
from training.compressed import through
from training.not_cells import Spoilt, cut_out_after, scaled

_SMOOTH, _PLAIN = Image.Resampling.BILINEAR, Image.Resampling.NEAREST


def turned(degrees: float) -> Spoilt:
    def changed(pixels: Pixels) -> Pixels:
        return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC))

    return changed


def _after_jpeg(pixels: Pixels) -> Pixels:
    return scaled(0.9)(through("JPEG", quality=95, subsampling="4:2:0")(pixels))


def _moved(pixels: Pixels) -> Pixels:
    """To the right by half a pixel."""
    wide = pixels.astype(np.uint16)
    found: Pixels = ((wide + np.roll(wide, 1, axis=1)) // 2).astype(np.uint8)
    return found


def _brighter(pixels: Pixels) -> Pixels:
    found: Pixels = np.clip(pixels * 1.3, 0, 255).astype(np.uint8)
    return found


def _filtered(by: ImageFilter.Filter | type[ImageFilter.Filter]) -> Spoilt:
    def changed(pixels: Pixels) -> Pixels:
        return np.asarray(Image.fromarray(pixels).filter(by))

    return changed


RESAMPLED: Mapping[str, Spoilt] = {
    **{
        f"scaled to {100 * factor:.0f} %": scaled(factor)
        for factor in (0.5, 0.66, 0.75, 0.9, 0.95, 0.98, 1.02, 1.05, 1.2, 1.5)
    },
    **{f"scaled to {100 * factor:.0f} %, bilinear": scaled(factor, how=_SMOOTH) for factor in (0.75, 1.2)},
    "turned by 1 degree": turned(1),
    "turned by 10 degrees": turned(10),
    "JPEG, quality 95, scaled to 90 % afterwards": _after_jpeg,
    "scaled to 120 % without smoothing": scaled(1.2, how=_PLAIN),
    "scaled to 75 % without smoothing": scaled(0.75, how=_PLAIN),
    "scaled to 75 % before it was cut out": cut_out_after(scaled(0.75)),
}
"""The last two are told in part, or not at all."""

NOT_RESAMPLED: Mapping[str, Spoilt] = {
    "turned by a quarter": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
    "moved by half a pixel": _moved,
    "brighter by 1.3": _brighter,
    "blurred, radius 1 px": _filtered(ImageFilter.GaussianBlur(1)),
    "sharpened": _filtered(ImageFilter.SHARPEN),
    "JPEG, quality 90": through("JPEG", quality=90),
}


def trial(cells: Sequence[Cell], root: Path) -> dict[str, Any]:
    """The limit, and what of real cells is marked by it, as they are and after each of the ways."""
    ways = {**RESAMPLED, **NOT_RESAMPLED}
    return {"limit": resampling.LIMIT, **traces.trial(resampling.was_resampled, ways, cells, root)}
