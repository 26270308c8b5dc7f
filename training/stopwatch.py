"""How long something takes, run after run."""

import time
from collections.abc import Callable


def seconds(act: Callable[[], object], *, runs: int) -> list[float]:
    """Of each of so many runs."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return taken
