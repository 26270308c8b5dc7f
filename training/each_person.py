"""Every person left out alone: how ours does where it has learned from all others, as what is served has from all.

`python -m training fit RECIPE DIR --each-person` makes the results `RECIPE_each_person`, which are told here, by the
targets and by the card, and `python -m training features DIR --each-person` those of hand-made features.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training import kept_shifts, partitions, results
from training.cells import Cell
from training.figures import contested
from training.floor import floor_scores
from training.out_of_fold import cross_scored, scored_if_finished
from training.recipe import EACH_PERSON, OF_EACH_PERSON
from training.scored import Floats, Scored
from training.splits import partition

SEED = 0

HEAD = """\
## `{ours}` with every person left out alone

Of {persons} networks each has learned from all people but one and is tested on that one, as the one that is served has
learned from all and is for others; those of the folds above have learned from two thirds of them. So these figures come
nearest to what is served, and the card's calibration and limits are of these scores. They flatter it still: it was
chosen by partitions of these same people and by these very figures, and how much worse it does on new ones is not
known. Of all else only what stands below was run so: {persons} trainings of an earlier network are out of reach here.
"""


def is_of(name: str) -> bool:
    """Whether results of this name are of such networks."""
    return name.endswith(OF_EACH_PERSON)


def scores(ours: str, cells: Sequence[Cell], *, folder: Path) -> Scored | None:
    """Those of ours; None where they are not finished."""
    return _scores(folder / f"{ours}{OF_EACH_PERSON}.csv", cells)


def finished(cells: Sequence[Cell], *, folder: Path) -> dict[str, Scored]:
    """Those of whatever was run so to the end, by recipe."""
    tried = {path.stem.removesuffix(OF_EACH_PERSON): path for path in sorted(folder.glob(f"*{OF_EACH_PERSON}.csv"))}
    return {name: scored for name, path in tried.items() if (scored := _scores(path, cells))}


def shifts(ours: str, alone: Scored | None, *, folder: Path) -> list[dict[str, Any]]:
    """The shift test of these networks, by which `alone` was scored; empty where it was not run. Raises
    ShiftsDoNotFit.
    """
    if alone is None:
        return []
    return kept_shifts.of_one(f"{ours}{OF_EACH_PERSON}", SEED, alone, folder=folder)


def shifted(ours: str, alone: Scored, cells: Sequence[Cell], *, folder: Path) -> dict[str, Floats] | None:
    """By shift the logits that the shift test of these networks is of; None where they were not kept."""
    path = kept_shifts.logits_path_of(f"{ours}{OF_EACH_PERSON}", folder=folder)
    return kept_shifts.read_logits(path, cells, {SEED: alone}).get(SEED)


def unfinished(ours: str, alone: Scored | None, *, folder: Path) -> list[str]:
    """A line on ours where it was begun and not finished."""
    name = f"{ours}{OF_EACH_PERSON}"
    return [f"- `{name}` is not finished."] if alone is None and (folder / f"{name}.csv").is_file() else []


def lines(ours: str, tried: Mapping[str, Scored], cells: Sequence[Cell]) -> list[str]:
    """Ours against whatever else was run so, and against area and mean colour alone, as Markdown, from all that is
    `finished`; nothing where ours is not.
    """
    if ours not in tried:
        return []
    alone = tried[ours]
    floor = floor_scores(cells, alone.folds)
    floored = {"*area and mean colour only*": cross_scored(cells, floor, folds=alone.folds)}
    others = floored | {name: scored for name, scored in tried.items() if name != ours}
    persons = len(np.unique(alone.groups))
    return [HEAD.format(ours=ours, persons=persons), *contested(ours, alone, others, floor), ""]


def _scores(path: Path, cells: Sequence[Cell]) -> Scored | None:
    """Raises ResultsDoNotFit where they are of other folds than persons."""
    if not path.is_file():
        return None
    scored = scored_if_finished(results.read(path), cells, seed=SEED)
    if scored:
        fold_of = partition(cells, folds=EACH_PERSON, seed=SEED)
        partitions.refuse_other_folds(scored, fold_of, table=path, of="one for each person")
    return scored
