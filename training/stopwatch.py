"""How long something takes, run after run."""

import time
from collections.abc import Callable, Iterable

import numpy as np


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
