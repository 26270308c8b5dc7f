"""Other partitions of the same people: how ours does on each, and earlier networks on one that is for reporting.

`python -m training fit RECIPE DIR --partition 3` makes the results `RECIPE_on_3`, which are told here and nowhere else,
and `python -m training features DIR --partition 3` those of hand-made features.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from training import results
from training.cnmc import Cell
from training.figures import COLUMNS, contested, figures, shown
from training.floor import floor_scores
from training.out_of_fold import scored_if_finished
from training.recipe import words_for
from training.scored import Scored

CHOSEN_ON = (0, 1, 2, 3, 4)
"""The partitions on which choices were made, on 3 and 4 those of the last steps; the others are for reporting."""

BY_PARTITION = """\
## `{ours}` on each partition

What `{ours}` is made of was chosen on 0 to 2, how its scatter is weighed with a look at 3 and 4 as well, whose shifts
decided on its last step, as those with every person left out alone did. The others are for reporting: 17 and 18, on
which nothing had been run when the recipe was committed, and 13 to 16, on which only what it came from had been. All
are of the same people, so they are no proof against choices that fit these. *Most alike* is the largest share of cells
that another of the first five has in the same folds.
"""

CONTEST = """\
## The contest on partition {seed}

What else was run there, hand-made features, earlier networks on their budgets and what ours was before, in other folds
than those of the first table. In the last columns is what `{ours}` has more, on the cells of both, whose subject groups
are drawn together.
"""


def lines(ours: str, on: Mapping[int, Scored], cells: Sequence[Cell]) -> list[str]:
    """Ours on each partition, as Markdown, from its scores by seed; nothing where there is one partition only."""
    if len(on) < 2:
        return []
    head = [f"| seed | {' | '.join(COLUMNS)} | most alike |", "|---" * (2 + len(COLUMNS)) + "|"]
    rows = []
    for seed, scored in on.items():
        told = figures(scored, floor_scores(cells, scored.folds))
        rows.append(f"| {seed} | {' | '.join([*shown(told), _most_alike(seed, on)])} |")
    return [BY_PARTITION.format(ours=ours), *head, *rows, ""]


def contest(ours: str, on: Mapping[int, Scored], cells: Sequence[Cell], *, folder: Path) -> list[str]:
    """Ours against all finished results in `folder` that are of one partition alone, as Markdown, by partition.

    Raises ResultsDoNotFit where some are of other folds than ours on that partition.
    """
    found: list[str] = []
    for seed, scored in on.items():
        finished = {}
        for path in folder.glob(f"*_on_{seed}.csv"):
            name = path.stem.removesuffix(f"_on_{seed}")
            if name != ours and (other := scored_if_finished(results.read(path), cells, seed=seed)):
                refuse_other_folds(other, scored.folds, table=path, of=f"partition {seed}")
                finished[name] = other
        if finished:
            found += [
                CONTEST.format(ours=ours, seed=seed),
                *contested(ours, scored, finished, floor_scores(cells, scored.folds)),
                "",
            ]
    return found


def refuse_other_folds(scored: Scored, fold_of: NDArray[np.int64], *, table: Path, of: str) -> None:
    """Raises ResultsDoNotFit where what is in `table` was not run in these folds; `of` says whose folds they are."""
    if np.array_equal(scored.folds, fold_of):
        return
    raise results.ResultsDoNotFit(
        f"{table} was run in other folds than {of} by these subject groups. Run "
        f"`python -m training {words_for(table.stem)}` again."
    )


def _most_alike(seed: int, on: Mapping[int, Scored]) -> str:
    """Which other partition on which choices were made has most cells in the same folds, and the share of those."""
    alike = {other: _shared(on[seed].folds, on[other].folds) for other in CHOSEN_ON if other in on and other != seed}
    if not alike:
        return "-"
    nearest = max(alike, key=lambda other: alike[other])
    return f"{100 * alike[nearest]:.0f} % of {nearest}"


def _shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The share of cells that lie in the same fold twice, whatever the folds are called."""
    table = contingency_matrix(one, other)
    return float(table[linear_sum_assignment(-table)].sum() / len(one))
