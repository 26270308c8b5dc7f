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
from training.cells import Cell
from training.figures import COLUMNS, contested, figures, shown
from training.floor import floor_scores
from training.markdown import table
from training.out_of_fold import scored_if_finished
from training.recipe import words_for
from training.scored import Scored

CHOSEN_ON = (0, 1, 2, 3, 4)
"""The partitions on which choices were made, on 3 and 4 those of the last steps; the others are for reporting."""

BY_PARTITION = """\
## `{ours}` on each partition

What `{ours}` hears of a cell was chosen on partitions 0 to 2, how its scatter is weighed on 3 and 4 as well, and its
last step on 3, 4 and with every person left out alone. The others are for reporting: on 17 and 18 nothing had been run
when the recipe was committed, on 13 to 16 only what it came from had been. All are of the same people, so they are no
proof against choices that fit these. *Most alike* tells how new a partition is: which of 0 to 4 has most of its cells
in folds with the same others, and how many.
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
    rows = []
    for seed, scored in on.items():
        told = figures(scored, floor_scores(cells, scored.folds))
        rows.append([seed, *shown(told), _most_alike(seed, on)])
    return [BY_PARTITION.format(ours=ours), *table(("seed", *COLUMNS, "most alike"), rows), ""]


def finished(
    ours: str, on: Mapping[int, Scored], cells: Sequence[Cell], *, folder: Path
) -> dict[int, dict[str, Scored]]:
    """All finished results in `folder` but ours that are of one partition alone, by name, on each that has some.

    Raises ResultsDoNotFit where some are of other folds than ours on that partition.
    """
    found: dict[int, dict[str, Scored]] = {}
    for seed, scored in on.items():
        for path in sorted(folder.glob(f"*_on_{seed}.csv")):
            name = path.stem.removesuffix(f"_on_{seed}")
            if name != ours and (other := scored_if_finished(results.read(path), cells, seed=seed)):
                refuse_other_folds(other, scored.folds, table=path, of=f"partition {seed}")
                found.setdefault(seed, {})[name] = other
    return found


def contest(
    ours: str, on: Mapping[int, Scored], others: Mapping[int, Mapping[str, Scored]], cells: Sequence[Cell]
) -> list[str]:
    """Ours against what else is `finished`, as Markdown, by partition."""
    found: list[str] = []
    for seed, there in others.items():
        floor = floor_scores(cells, on[seed].folds)
        found += [CONTEST.format(ours=ours, seed=seed), *contested(ours, on[seed], there, floor), ""]
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
