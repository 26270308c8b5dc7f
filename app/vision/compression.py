"""Whether pixels were compressed with loss once, whatever file they come in now.

JPEG and lossy WebP round what varies finely to nothing, block by block. An image that has lost nothing has about as
many fine cosines near zero wherever a grid of blocks is laid; one that has, many more where the grid was than
elsewhere. An image that was enlarged by a factor like 4/3 or 2 has a grid of its own, and has lost as much. Where it
was scaled after the compression, turned by less than a quarter or strewn with noise, no grid is left to be told by.
"""

import numpy as np
from numpy.typing import NDArray

from app.vision.decode import Pixels
from app.vision.preprocess import Mask, cell_mask

LIMIT = 0.04
"""Chosen with a look at all real cells of the training data, which stay below it: .034 at most."""

_BLOCK = 8
_FINE = 6
"""Cosines whose frequencies along both axes sum to so much, the coarsest two of each axis left out."""
_NOTHING = 0.25
"""What a cosine of eight-bit grey levels may differ from 0 by and count as nothing."""
_SIDE = 128
"""So much of the middle of the cell is looked at: more takes longer and tells no more."""
_LEAST_BLOCKS = 8
"""With fewer whole blocks on any grid nothing can be said."""
_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)
_COSINES = np.array(
    [[0.5 * np.cos((2 * at + 1) * wave * np.pi / 16) for at in range(_BLOCK)] for wave in range(2, _BLOCK)], np.float32
)
"""Orthonormal, frequencies 2 to 7."""


def was_compressed(pixels: Pixels) -> bool:
    """Whether these pixels bear the trace of a lossy compression: False proves nothing."""
    return trace(pixels) > LIMIT


def trace(pixels: Pixels) -> float:
    """By how much more of the fine cosines of uint8 H x W x 3 pixels are nothing on the best grid of 8 x 8 than on the
    median one, 0 to 1; 0 where the cell is too small to tell.
    """
    grey, mask = _middle(pixels)
    if min(grey.shape) < 2 * _BLOCK:
        return 0.0
    inside = _whole_blocks(mask)
    height, width = (length // _BLOCK * _BLOCK for length in inside.shape)
    blocks = _by_grid(inside[:height, :width])
    if blocks.min() < _LEAST_BLOCKS:
        return 0.0
    shares = _by_grid((_share_of_nothing(grey) * inside)[:height, :width]) / blocks
    return float(shares.max() - np.median(shares))


def _middle(pixels: Pixels) -> tuple[NDArray[np.float32], Mask]:
    """Grey levels and mask of at most _SIDE x _SIDE pixels around the middle of the cell."""
    mask = cell_mask(pixels)
    spans = []
    for axis in (0, 1):
        where = np.flatnonzero(mask.any(axis=1 - axis))
        if not len(where):
            return np.zeros((0, 0), np.float32), mask[:0, :0]
        middle = (int(where[0]) + int(where[-1])) // 2
        spans.append(slice(max(int(where[0]), middle - _SIDE // 2), min(int(where[-1]) + 1, middle + _SIDE // 2)))
    chosen = spans[0], spans[1]
    return pixels[chosen].astype(np.float32) @ _LIGHTNESS, mask[chosen]


def _share_of_nothing(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """For the block that begins at each pixel, the share of its fine cosines that are nothing."""
    height, width = (length - _BLOCK + 1 for length in grey.shape)
    across = [sum(grey[:, at : at + width] * wave[at] for at in range(_BLOCK)) for wave in _COSINES]
    count, nothing = 0, np.zeros((height, width), np.float32)
    for down, wave in enumerate(_COSINES, start=2):
        for right, answer in enumerate(across, start=2):
            if down + right >= _FINE:
                nothing += np.abs(sum(answer[at : at + height] * wave[at] for at in range(_BLOCK))) < _NOTHING
                count += 1
    return np.asarray(nothing / count, np.float32)


def _whole_blocks(mask: Mask) -> Mask:
    """Whether the block that begins at each pixel lies in the mask."""
    sums = np.pad(mask.astype(np.int32).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside = sums[_BLOCK:, _BLOCK:] - sums[:-_BLOCK, _BLOCK:] - sums[_BLOCK:, :-_BLOCK] + sums[:-_BLOCK, :-_BLOCK]
    return np.asarray(inside == _BLOCK * _BLOCK)


def _by_grid(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """The sum over blocks of each of the 64 grids, from a value for the block that begins at each pixel."""
    height, width = values.shape
    by_block = values.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    return np.asarray(by_block.sum(axis=(0, 2), dtype=np.float64))
