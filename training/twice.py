"""One cell in two images: photographed again in another focus, or filed again. Where they are of two subjects, these
are one person, whatever they are called: who learns from the one and is tested on the other has seen the person.

Byte-identical images join their subjects already (`cnmc.subject_groups`), and so do the pairs of C-NMC 2019, which were
looked at one by one (`labels.SAME_CELL`). Others are only listed: a person looks at them, and names the people in
`subject_groups.json`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage
from scipy.cluster.hierarchy import DisjointSet

from app.vision.decode import Pixels
from training.cells import Cell
from training.dataset import Crops

ALIKE = 0.98
"""Correlation of 16 x 16 thumbnails from which two cells are looked at closely."""
AREA_APART = 0.06
"""The most that the logarithms of their areas may differ: another focus moves the outline a little."""
SAME = 0.5
"""Correlation of what is finer than a few pixels, laid over each other at their best, from which two are one cell. In
C-NMC 2019 those of different cells reach .46, and those of one begin at .53.
"""
FINE_SIDE, FINER_THAN, RIM = 96, 3, 4
"""The side to which crops are reduced for that, the deviation of the blur that is taken off, and how much of the cell's
edge is left out, in those pixels."""

AT_ONCE = 512


@dataclass(frozen=True)
class Twice:
    """Two images of one cell, and how alike they are in what is fine."""

    one: Cell
    other: Cell
    likeness: float

    @property
    def is_of_two_names(self) -> bool:
        """Whether they are filed under different subjects."""
        return self.one.subject != self.other.subject

    @property
    def is_known(self) -> bool:
        """Whether they are of one subject group already."""
        return self.one.group == self.other.group


def seen(crops: Crops) -> list[Twice]:
    """Every two images that show one cell, the most alike first."""
    pairs = _candidates(crops)
    fine = {place: _fine(crops.pixels[place]) for place in sorted({place for pair in pairs for place in pair})}
    found = []
    for one, other in pairs:
        likeness = float(fft.irfft2(fine[one] * np.conj(fine[other])).max())
        if likeness >= SAME:
            found.append(Twice(crops.cells[one], crops.cells[other], likeness))
    return sorted(found, key=lambda pair: (-pair.likeness, pair.one.path, pair.other.path))


def one_person(pairs: Sequence[Twice], cells: Sequence[Cell]) -> list[list[str]]:
    """The subjects that are one person if those pairs are one cell each, as `subject_groups.json` wants them."""
    joined: DisjointSet[str] = DisjointSet(cell.group for cell in cells)
    for pair in pairs:
        joined.merge(pair.one.group, pair.other.group)
    touched = {cell.group for pair in pairs for cell in (pair.one, pair.other)}
    together = [groups for groups in joined.subsets() if groups & touched]
    return sorted(sorted({cell.subject for cell in cells if cell.group in groups}) for groups in together)


def _candidates(crops: Crops) -> list[tuple[int, int]]:
    """Places of cells that are of one size, and whose thumbnails are alike."""
    thumbs = np.stack([_reduced(square, side=16).ravel() for square in crops.pixels]).astype(np.float32)
    thumbs -= thumbs.mean(axis=1, keepdims=True)
    thumbs /= np.linalg.norm(thumbs, axis=1, keepdims=True) + 1e-6
    sizes = np.log([1 + np.count_nonzero(square.any(axis=2)) for square in crops.pixels])
    found = []
    for start in range(0, len(thumbs), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(thumbs)))
        close = (thumbs[rows] @ thumbs.T > ALIKE) & (np.abs(sizes[rows, None] - sizes) < AREA_APART)
        close &= rows[:, None] < np.arange(len(thumbs))
        found += [(start + row, column) for row, column in np.argwhere(close).tolist()]
    return found


def _reduced(square: Pixels, *, side: int) -> NDArray[np.float64]:
    """The crop's grey levels as side x side means."""
    grey = square.mean(axis=2)
    step = grey.shape[0] // side
    whole = grey[: side * step, : side * step]
    means: NDArray[np.float64] = whole.reshape(side, step, side, step).mean(axis=(1, 3))
    return means


def _fine(square: Pixels) -> NDArray[np.complex64]:
    """The spectrum of what is fine inside the cell, of length 1: that of two multiplied is their correlation."""
    grey = _reduced(square, side=FINE_SIDE)
    inside = ndimage.binary_erosion(grey > 0, iterations=RIM)
    fine = np.where(inside, grey - ndimage.gaussian_filter(grey, FINER_THAN), 0.0)
    fine -= inside * (fine.sum() / max(1, inside.sum()))
    spectrum: NDArray[np.complex64] = fft.rfft2((fine / (np.linalg.norm(fine) + 1e-6)).astype(np.float32))
    return spectrum
