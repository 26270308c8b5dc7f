"""People and their cells: as a table, and with scores, where some people lie a little to one side."""

from dataclasses import replace

import numpy as np

from training import trust
from training.cells import Cell
from training.scored import Scored


def cells_of(people):
    """240 cells of so many people, every other one normal, in the order of their numbers."""
    names = [f"{'H' if number % 2 else ''}{number % people}" for number in range(240)]
    return [
        Cell(
            f"{number}.bmp",
            name,
            name,
            "HEM" if name.startswith("H") else "ALL",
            "f",
            f"{number:064x}",
            10_000 + number,
            90.0,
            90.0 + number % 7,
            90.0,
        )
        for number, name in enumerate(names)
    ]


def scored(*, subjects=20, cells=30, skill=1.5, seed=0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"{'H' if n % 2 else ''}{n}" for n in range(2 * subjects)], cells)
    is_all = np.array([not name.startswith("H") for name in names])
    own = np.repeat(rng.normal(0, 0.5, 2 * subjects), cells)
    logits = skill * (is_all - 0.5) + own + rng.normal(size=len(names))
    folds = np.array([int(name.lstrip("H")) % 3 for name in names])
    found = Scored(is_all, names, names, folds, logits, np.exp(rng.normal(10, 0.2, len(names))), logits)
    return replace(found, probabilities=trust.cross_calibrated(found, apart=found.folds))
