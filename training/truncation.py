"""How much of a cell lies beyond the square that a network sees: large cells are cut off, and size goes with class."""

from typing import Any

import numpy as np

from training.augment import CELL, middle
from training.bootstrap import estimate_share
from training.dataset import Crops
from training.scored import Floats, Scored

NOTABLE = 0.02
"""A cell counts as cut off where more than this share of its pixels lies beyond the square."""


def beyond(crops: Crops, *, size: int) -> Floats:
    """For each of N cells the share of its pixels that lies beyond the central size x size."""
    seen = np.array([np.count_nonzero(middle(outline, size=size) & CELL) for outline in crops.outlines])
    return 1.0 - seen / np.array([cell.area for cell in crops.cells])


def report(crops: Crops, scored: Scored, *, size: int) -> dict[str, Any]:
    """The share of each class' cells that are cut off, every subject counting the same, and from which share on."""
    cut = beyond(crops, size=size) > NOTABLE
    return {
        "beyond": NOTABLE,
        "cut_hem": estimate_share(cut, ~scored.is_all, scored).as_json(),
        "cut_all": estimate_share(cut, scored.is_all, scored).as_json(),
    }
