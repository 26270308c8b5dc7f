"""The rule that a step is kept by, held: each step of ours against the one before, in pairs, wherever both were run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from training import each_person, kept_shifts, metrics, partitions, results, shifts, tilted
from training.bootstrap import Difference, Drawn, paired_difference, resampled
from training.cells import Cell
from training.floor import floor_scores
from training.markdown import table
from training.metrics import Figure
from training.out_of_fold import scored_if_finished
from training.recipe import seed_in
from training.scored import Floats, Scored, ones
from training.steps import SUCCESSORS, is_limited

ORDER = ("texture3", *SUCCESSORS["texture3"], *SUCCESSORS["texture5"])
"""Ours as they followed each other."""

HEAD = """\
## The rule held

A step is kept where nothing that it goes by is worse beyond its interval and something is better: floor-matched AUC,
AUC elsewhere (*Where size and colour say otherwise*; chosen by from `texture12` on), the mean healthy person's
specificity, and what shifts cost. Here is each of ours less the one before, and where that one was no step less the
last that was, on the same cells, whose subject groups are drawn together: above 0 the step is better, but for the
calibration error, where it is below 0. *Worst shift* is by how much less a figure of all cells falls under whichever of
ten shifts costs it most, in every draw anew: below 0 it costs more than before. The ten are of size, brightness and
tint; a JPEG file and the outline are not among them. *Beyond its interval* says what is better or worse so, and in
brackets each single shift that costs more, the worst or not: on one partition one of thirty such falls would by chance,
on all of them none. With several figures on a dozen partitions one is better by chance now and then; nothing may be
worse on any. The calibration error is not judged: drawing people again adds chance to both errors and hides what lies
between them. "-" where shifted logits were not kept. *Each person* is every person left out alone. The rule is held
here by today's figures and on all partitions; choices were made by those of their day (above, and in
`docs/decisions/`).
"""

COLUMNS = (
    "step",
    "less",
    "partition",
    "floor-matched AUC",
    "elsewhere",
    "healthy",
    "calibration error",
    "worst shift: AUC",
    "specificity",
    "sensitivity",
    "beyond its interval",
)


LIMITED = tuple(name for name in shifts.SHIFTS if is_limited(name))
"""Those shifts for which a limit was set."""

NAMES = {"auc": "AUC", "specificity": "specificity", "sensitivity": "sensitivity"}
"""What each of `shifts.FIGURES` is called."""


@dataclass(frozen=True)
class Held:
    """What a recipe has more than another on one partition."""

    told: tuple[str, ...]
    """The figures of one row, as a reader sees them."""
    better: tuple[str, ...]
    worse: tuple[str, ...]
    costlier: Mapping[str, Difference] | None
    """By what costs more under which shift; None where no shifted logits were kept."""

    @property
    def verdict(self) -> str:
        """The last column."""
        said = (("better", self.better), ("worse", self.worse))
        found = "; ".join(f"{word}: {', '.join(names)}" for word, names in said if names)
        if not self.costlier:
            return found
        return f"{found} ({', '.join(f'{what} {one.value:+.3f}' for what, one in self.costlier.items())})".strip()


@dataclass(frozen=True)
class Run:
    """What a recipe said of all cells on one partition, and of the same cells shifted, where that was kept."""

    scored: Scored
    shifted: Mapping[str, Floats] | None = None
    """By shift."""

    @cached_property
    def at_fixed_threshold(self) -> list[Scored]:
        """The unchanged cells, and then those under each of LIMITED; empty where no shifted logits were kept."""
        if self.shifted is None:
            return []
        return shifts.at_fixed_threshold(self.scored, [self.shifted[name] for name in LIMITED])


def lines(cells: Sequence[Cell], *, folder: Path) -> list[str]:
    """A row for each step, what it is held against, and each partition that both were run on, as Markdown, from the
    results in `folder`; nothing where there are no two. Raises ResultsDoNotFit where they are of other folds or cells.
    """
    runs = {name: _runs(name, cells, folder=folder) for name in ORDER if (folder / f"{name}.csv").is_file()}
    against = _Against(runs, cells, folder)
    held: dict[tuple[str, str], dict[str, Held]] = {}
    steps = list(runs)[:1]
    for previous, name in pairwise(runs):
        last = steps[-1]
        for before in dict.fromkeys((previous, last)):
            held[name, before] = against.held(name, before)
        if is_step(held[name, last]):
            steps.append(name)
    rows = [
        [step, before, where, *one.told, one.verdict]
        for (step, before), on in held.items()
        for where, one in on.items()
    ]
    if not rows:
        return []
    return [HEAD, *_summary(steps, held), *table(COLUMNS, rows), ""]


def is_step(on: Mapping[str, Held]) -> bool:
    """Whether something is better on a partition and nothing is worse on any."""
    return any(one.better for one in on.values()) and not any(one.worse for one in on.values())


def _summary(steps: Sequence[str], held: Mapping[tuple[str, str], Mapping[str, Held]]) -> list[str]:
    """Which were steps, and what each of them costs more under a shift wherever it was held, as Markdown."""
    tried = dict.fromkeys(step for step, _ in held)
    kept, none = ([f"`{name}`" for name in tried if (name in steps) == wanted] for wanted in (True, False))
    found = [f"By these rows steps are: {', '.join(kept) or 'none'}. No steps are: {', '.join(none) or 'none'}.", ""]
    again = []
    for before, step in pairwise(steps):
        costlier = [set(one.costlier) for one in held[step, before].values() if one.costlier is not None]
        if len(costlier) > 1 and (always := sorted(set.intersection(*costlier))):
            again.append(f"- `{step}`, less `{before}`: {', '.join(always)}.")
    if again:
        told = "By the rule only the worst shift counts. A milder one costs a step more wherever that was tried here:"
        found += [told, "", *again, ""]
    return found


class _Against:
    """Runs held against each other, with what is of a partition and not of a run found once."""

    def __init__(self, runs: Mapping[str, Mapping[str, Run]], cells: Sequence[Cell], folder: Path) -> None:
        self._runs, self._cells, self._folder = runs, cells, folder
        self._floors: dict[str, Floats] = {}
        self._elsewhere: dict[str, dict[str, Drawn]] = {}

    def held(self, step: str, before: str) -> dict[str, Held]:
        """By partition, those that both were run on; raises ResultsDoNotFit where one was in other folds."""
        found = {}
        for where, own in self._runs[step].items():
            if earlier := self._runs[before].get(where):
                table = self._folder / f"{before}.csv"
                partitions.refuse_other_folds(earlier.scored, own.scored.folds, table=table, of=f"{step} on {where}")
                floor, elsewhere = self._of(where, own.scored)
                found[where] = _held(own, earlier, floor, elsewhere=elsewhere[step].less(elsewhere[before]))
        return found

    def _of(self, where: str, scored: Scored) -> tuple[Floats, dict[str, Drawn]]:
        """The floor's logits on a partition, and the tilted AUC of all runs there."""
        if where not in self._floors:
            self._floors[where] = floor_scores(self._cells, scored.folds)
            there = {name: on[where].scored for name, on in self._runs.items() if where in on}
            self._elsewhere[where] = tilted.aucs(there, self._cells, to=tilted.OFFICIAL)
        return self._floors[where], self._elsewhere[where]


def _runs(name: str, cells: Sequence[Cell], *, folder: Path) -> dict[str, Run]:
    """Each partition on which a recipe was run to the end, by itself (`RECIPE_on_3`) or with others; last, every person
    left out alone, where that was run.
    """
    found: dict[int, Run] = {}
    by_itself = [path for path in sorted(folder.glob(f"{name}_on_*.csv")) if seed_in(path.stem) is not None]
    for path in (folder / f"{name}.csv", *by_itself):
        rows = results.read(path)
        tried = {seed: scored_if_finished(rows, cells, seed=seed) for seed in sorted({row.seed for row in rows})}
        on = {seed: scored for seed, scored in tried.items() if scored}
        shifted = kept_shifts.read_logits(kept_shifts.logits_path_of(path.stem, folder=folder), cells, on)
        found |= {seed: Run(scored, shifted.get(seed)) for seed, scored in on.items() if seed not in found or shifted}
    runs = {str(seed): found[seed] for seed in sorted(found)}
    alone = each_person.scores(name, cells, folder=folder)
    if alone is None:
        return runs
    return {**runs, "each person": Run(alone, each_person.shifted(name, alone, cells, folder=folder))}


def _held(own: Run, before: Run, floor: Floats, *, elsewhere: Difference) -> Held:
    """`elsewhere` is the difference of their tilted AUC."""
    judged = {
        "floor-matched AUC": paired_difference(metrics.matched_auc(floor), own.scored, before.scored),
        "AUC elsewhere": elsewhere,
        "healthy": paired_difference(metrics.macro(metrics.specificity), own.scored, before.scored),
    }
    error = paired_difference(metrics.macro(metrics.calibration_error), own.scored, before.scored)
    told = [*(gain.signed() for gain in judged.values()), error.signed()]
    costlier: dict[str, Difference] | None = None
    if not (own.at_fixed_threshold and before.at_fixed_threshold):
        told += ["-"] * len(shifts.FIGURES)
    else:
        costlier = {}
        for key, figure in shifts.FIGURES.items():
            name = NAMES[key]
            worst, single = spared(figure, own, before)
            told.append(worst.signed())
            judged[f"{name} at worst"] = worst
            costlier |= {f"{name} under {shift}": one for shift, one in single.items() if one.high < 0}
    return Held(
        tuple(told),
        better=tuple(name for name, gain in judged.items() if gain.low > 0),
        worse=tuple(name for name, gain in judged.items() if gain.high < 0),
        costlier=costlier,
    )


def spared(figure: Figure, own: Run, before: Run) -> tuple[Difference, dict[str, Difference]]:
    """By how much less a figure falls than before under its worst shift, and under each shift by itself; below 0 where
    it falls more.
    """

    def gained(weights: Floats) -> Floats:
        own_falls, earlier_falls = (
            np.stack([figure(one, weights) for one in shifted]) - figure(unchanged, weights)
            for unchanged, *shifted in (own.at_fixed_threshold, before.at_fixed_threshold)
        )
        return np.stack([own_falls.min(axis=0) - earlier_falls.min(axis=0), *(own_falls - earlier_falls)])

    values, draws = gained(ones(own.scored)), resampled(gained, own.scored)
    worst, *single = (Difference.of(value, of_draws) for value, of_draws in zip(values, draws, strict=True))
    return worst, dict(zip(LIMITED, single, strict=True))
