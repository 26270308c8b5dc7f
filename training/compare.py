"""Two sets of committed results on the same cells: the paired difference of every figure, with its interval."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training import evaluate, results, trust
from training.bootstrap import difference
from training.cells import Cell
from training.floor import floor_scores
from training.out_of_fold import scored_of


class NoCommonPartition(results.ResultsDoNotFit):
    code = "no_common_partition"


def compared(one: Path, other: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    """Each figure of `one` less that of `other` (`<recipe>.csv`), on the first partition that both were scored on.

    [difference, low, high] by bootstrap over subject groups that are drawn for both together; null for what cannot be
    had of one of them, say a precision where nothing was called ALL. What is compared is what `evaluate` states, less
    the floor, which is nobody's. Raises NoCommonPartition, also where the folds differ; ScoresMissing, GroupShared, or
    ResultsDoNotFit, also where either was learned from other cells.
    """
    rows = [results.read_of(path, cells) for path in (one, other)]
    common = sorted({row.seed for row in rows[0]} & {row.seed for row in rows[1]})
    if not common:
        raise NoCommonPartition(f"{one.stem} and {other.stem} share no partition: fit both with one seed in common.")
    seed = common[0]
    first, second = (scored_of(own, cells, seed=seed) for own in rows)
    if not np.array_equal(first.folds, second.folds):
        raise NoCommonPartition(
            f"{one.stem} and {other.stem} were run in other folds under seed {seed}: one network knew people whom the "
            "other did not. Fit the older one again."
        )
    floor = floor_scores(cells, first.folds)
    ours, theirs = (
        evaluate.stated(scored, served, floor=floor) | evaluate.stated_of_bands(served)
        for scored, served in ((scored, trust.as_served(scored)) for scored in (first, second))
    )
    differences = {name: difference(figure, theirs[name]).as_json() for name, figure in ours.items()}
    return {"one": one.stem, "other": other.stem, "seed": seed, "differences": differences}
