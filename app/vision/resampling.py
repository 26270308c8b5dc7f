"""Whether an image was scaled or turned since its cell was cut out, whatever file it comes in.

A cell is cut out along whole pixels. Where it is moved by a part of a pixel afterwards, so that it lies in the middle
of its image, the first pixel of every row keeps the same part of its light; so do the last ones, and both ends of
columns, each their own. Scaling, or turning by less than a quarter, leaves every end another part; or whole rows
repeat, where it enlarges without smoothing. Of a cell that was scaled before it was cut out, or made smaller without
smoothing, nothing or little is left to be told by.
"""

import numpy as np
from numpy.typing import NDArray

from app.vision.decode import Pixels
from app.vision.outline import row_ends
from app.vision.preprocess import Mask, cell_mask

LIMIT = 0.9
"""Chosen with a look at all real cells of the training data, which stay above it: .906 at least."""

_INWARD = 2
"""So many pixels further in, the light is whole."""
_LEAST_ENDS = 40
"""With fewer ends of rows and columns to go by nothing can be said."""


def was_resampled(pixels: Pixels) -> bool:
    """Whether these uint8 H x W x 3 pixels bear the trace of scaling or turning: False proves nothing."""
    mask = cell_mask(pixels)
    return evenness(pixels, mask) < LIMIT or repeats(pixels, mask)


def evenness(pixels: Pixels, mask: Mask) -> float:
    """How alike the ends of the cell's rows and columns are, on each side for itself: the mean resultant length of the
    parts of a pixel that they cover. 1 where all are the same, near 0 where they differ by up to a whole pixel; 1 where
    there are too few to tell.
    """
    sides = []
    for image, cell in ((pixels, mask), (pixels.swapaxes(0, 1), mask.T)):
        rows, first, last = row_ends(cell)
        sides += [_covered(image, rows, first, inward=1), _covered(image, rows, last, inward=-1)]
    ends = sum(map(len, sides))
    if ends < _LEAST_ENDS:
        return 1.0
    return float(sum(abs(np.exp(2j * np.pi * covered).sum()) for covered in sides)) / ends


def repeats(pixels: Pixels, mask: Mask) -> bool:
    """Whether in the middle of the cell a row or a column, mostly lit, is the one before it over again."""
    middle = _middle_half(mask), _middle_half(mask.T)
    part, lit = pixels[middle], mask[middle]
    return _row_repeats(part, lit) or _row_repeats(part.swapaxes(0, 1), lit.T)


def _row_repeats(pixels: Pixels, lit: Mask) -> bool:
    alike = (pixels[1:] == pixels[:-1]).all(axis=(1, 2))
    return bool((2 * lit[1:][alike].sum(axis=1) > lit.shape[1]).any())


def _covered(pixels: Pixels, rows: NDArray[np.intp], ends: NDArray[np.intp], *, inward: int) -> NDArray[np.float64]:
    """The part of a pixel, 0 to 1, that the cell covers at those of its rows' ends where both neighbours end too."""
    steady = np.zeros(len(rows), np.bool_)
    steady[1:-1] = (ends[1:-1] == ends[:-2]) & (ends[1:-1] == ends[2:])
    outward, whole = ends - inward, ends + _INWARD * inward
    steady &= (np.minimum(outward, whole) >= 0) & (np.maximum(outward, whole) < pixels.shape[1])
    before, end, inside = (
        pixels[rows[steady], at[steady]].sum(axis=1, dtype=np.float64) for at in (outward, ends, whole)
    )
    return np.asarray(np.minimum((before + end) / np.maximum(inside, 1), 1))


def _middle_half(mask: Mask) -> slice:
    """Of the rows that hold any of it."""
    where = np.flatnonzero(mask.any(axis=1))
    quarter = len(where) // 4
    return slice(int(where[quarter]), int(where[-1 - quarter]) + 1) if quarter else slice(0)
