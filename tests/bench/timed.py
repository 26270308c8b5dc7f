"""How long something takes, and how that is told beside a peer."""

import time
from collections.abc import Callable
from statistics import median


def milliseconds(
    act: Callable[[], object], *, rounds: int = 60, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Median of `rounds` after three that warm up, by a clock in seconds."""
    taken = []
    for number in range(rounds + 3):
        began = clock()
        act()
        if number >= 3:
            taken.append(1000 * (clock() - began))
    return median(taken)


def compare(what: str, ours: float, peer: str, theirs: float) -> None:
    print(f"{what:<42} {ours:8.2f} ms   {ours / theirs:6.2f} x   {peer} ({theirs:.2f} ms)")
