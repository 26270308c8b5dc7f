"""Cells of people with scores, as `training.scored` has them: some people lie a little to one side."""

from dataclasses import replace

import numpy as np

from training import trust
from training.scored import Scored


def scored(*, subjects=20, cells=30, skill=1.5, seed=0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"{'H' if n % 2 else ''}{n}" for n in range(2 * subjects)], cells)
    is_all = np.array([not name.startswith("H") for name in names])
    own = np.repeat(rng.normal(0, 0.5, 2 * subjects), cells)
    logits = skill * (is_all - 0.5) + own + rng.normal(size=len(names))
    folds = np.array([int(name.lstrip("H")) % 3 for name in names])
    found = Scored(is_all, names, names, folds, logits, np.exp(rng.normal(10, 0.2, len(names))), logits)
    return replace(found, probabilities=trust.cross_calibrated(found, apart=found.folds))
