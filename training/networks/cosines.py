"""Fixed filters: products of cosines (DCT-II) in three colour directions, which no training touches.

Turning a cell by 90 degrees or flipping it exchanges `down` and `across` of a wave and may change the sign of its
response, and nothing else. Features that treat those alike are the same for a cell however it lies on the slide.
"""

from collections.abc import Sequence
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


def waves(side: int, *, finest: int | None = None) -> list[Wave]:
    """Every wave of a side x side window with at most so many half-waves, down and across together (side + 1: without
    the few beyond, nothing is lost), but the constant ones: cells differ in brightness, and that is not texture.
    """
    most = side + 1 if finest is None else finest
    return [
        Wave(colour, down, across)
        for colour, down, across in product(range(len(COLOURS)), range(side), range(side))
        if 0 < down + across <= most
    ]


def colours() -> NDArray[np.float32]:
    """COLOURS, each of length 1, 3 x 3."""
    return (np.array(COLOURS) / np.linalg.norm(COLOURS, axis=1, keepdims=True)).astype(np.float32)


def bank(waves: Sequence[Wave], *, side: int) -> Filters:
    """The filters of K waves, as many of each colour: side x side x 3 x K/3, to be held against one of `colours` each.
    In cells all answer about as loudly.
    """
    place = (np.arange(side) + 0.5) / side
    cosines = np.stack([np.cos(np.pi * place * order) for order in range(side)])
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    found = [np.outer(cosines[one.down], cosines[one.across]) / one.loudness for one in waves]
    return np.stack(found, axis=-1).reshape(side, side, len(COLOURS), -1).astype(np.float32)


def shared(waves: Sequence[Wave], *, signed: bool) -> Filters:
    """K x F: averages what turns and flips exchange; `signed` keeps only waves whose sign no turn or flip changes."""
    orbits = sorted({wave.orbit for wave in waves if not (signed and wave.is_odd)})
    belongs = np.array([[wave.orbit == orbit for orbit in orbits] for wave in waves], np.float32)
    return belongs / belongs.sum(axis=0)
