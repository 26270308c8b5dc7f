"""How long something takes, run after run."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Milliseconds:
    """Median times of a network for one drawn cell; what its weights are makes no difference to them."""

    from_crop: float
    """From its crop of `size` x `size` pixels on."""
    whole: float
    """From the image's RGB pixels, 450 x 450: with finding the cell and cutting it out."""


def seconds(act: Callable[[], object], *, runs: int) -> list[float]:
    """Of each of so many runs."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return taken


def milliseconds(acts: Iterable[Callable[[], object]], *, runs: int) -> float:
    """The median of all acts, of each the best of so many runs: what a machine's other guests take is not theirs."""
    return round(1000 * float(np.median([min(seconds(act, runs=runs)) for act in acts])), 2)
