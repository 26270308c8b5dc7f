"""Fixed filters: products of cosines (DCT-II) in three colour directions, which no training touches.

Turning a cell by 90 degrees or flipping it exchanges `down` and `across` of a wave and may change the sign of its
response, and nothing else. Features that treat those alike are the same for a cell however it lies on the slide.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Filters = NDArray[np.float32]

COLOURS = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (1.0, -2.0, 1.0))
"""Brightness, red against blue, green against both; each is normed before use."""

LOUDNESS = (10.9, 3.4, 2.9)
"""How strongly a wave of each colour answers in cells, against the mean wave; measured once, without labels."""

FALL = 0.7
"""And how it falls with frequency: (down^2 + across^2) to the power of minus this."""


@dataclass(frozen=True)
class Wave:
    """One filter: its colour direction and its half-waves down and across."""

    colour: int
    down: int
    across: int

    @property
    def is_odd(self) -> bool:
        """Whether some turn or flip changes the sign of its response."""
        return self.down % 2 == 1 or self.across % 2 == 1

    @property
    def orbit(self) -> tuple[int, int, int]:
        """The same for every wave that turns and flips exchange with this one."""
        return self.colour, min(self.down, self.across), max(self.down, self.across)

    @property
    def loudness(self) -> float:
        return LOUDNESS[self.colour] * (self.down**2 + self.across**2) ** -FALL


def waves(side: int) -> list[Wave]:
    """Every wave of a side x side window but the constant ones (cells differ in brightness, and that is not texture)
    and the few of the finest diagonals, without which nothing is lost.
    """
    return [
        Wave(colour, down, across)
        for colour, down, across in product(range(len(COLOURS)), range(side), range(side))
        if 0 < down + across <= side + 1
    ]


def bank(side: int) -> Filters:
    """The filters of `waves(side)`, side x side x 3 x K, each answering about as loudly as the others in cells."""
    place = (np.arange(side) + 0.5) / side
    cosines = np.stack([np.cos(np.pi * place * order) for order in range(side)])
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    colours = np.array(COLOURS) / np.linalg.norm(COLOURS, axis=1, keepdims=True)
    found = [
        np.einsum("i,j,c->ijc", cosines[one.down], cosines[one.across], colours[one.colour]) / one.loudness
        for one in waves(side)
    ]
    return np.stack(found, axis=-1).astype(np.float32)


def shared(side: int, *, signed: bool) -> Filters:
    """K x F: averages what turns and flips exchange; `signed` keeps only waves whose sign no turn or flip changes."""
    every = waves(side)
    orbits = sorted({wave.orbit for wave in every if not (signed and wave.is_odd)})
    belongs = np.array([[wave.orbit == orbit for orbit in orbits] for wave in every], np.float32)
    return belongs / belongs.sum(axis=0)
