"""The rule that a step is kept by, held: each step of ours against the one before, in pairs, wherever both were run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from training import each_person, kept_shifts, metrics, partitions, results, shifts, tilted
from training.bootstrap import Difference, Drawn, paired_difference, resampled
from training.cnmc import Cell
from training.floor import floor_scores
from training.metrics import Figure
from training.out_of_fold import scored_if_finished
from training.scored import Floats, Scored, ones
from training.steps import SUCCESSORS, is_limited

ORDER = ("texture3", *SUCCESSORS["texture3"], *SUCCESSORS["texture5"])
"""Ours as they followed each other."""

NO_STEPS = ("texture4", "texture10", "texture12")
"""Those of them that this rule says are none: what came after one is held against the last that was as well."""

HEAD = """\
## The rule held

A step is kept where nothing that it goes by is worse beyond its interval and something is better: floor-matched AUC,
AUC elsewhere (*Where size and colour say less*; chosen by from `texture12` on), the mean healthy person's specificity,
and what shifts cost. Here is each of ours less the one before, and where that one was no step less the last that was,
on the same cells, whose subject groups are drawn together: above 0 the step is better, but for the calibration error,
where it is below 0. *Worst shift* is by how much less a figure of all cells falls under whichever of ten shifts costs
it most, in every draw anew: below 0 it costs more than before. The ten are of size, brightness and tint; a JPEG file
and the outline are not among them. *Beyond its interval* says what is better or worse so, and in brackets each single
shift that costs more, the worst or not: of thirty such falls on a partition one would by chance. The calibration error
is not judged: drawing people again adds chance to both errors and hides what lies between them. "-" where shifted
logits were not kept. *Each person* is every person left out alone. What was chosen on which partitions is told above.
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
    floors: dict[str, Floats] = {}
    elsewhere: dict[str, dict[str, Drawn]] = {}
    rows = []
    for step, before in _pairs(list(runs)):
        for where, own in runs[step].items():
            if earlier := runs[before].get(where):
                table = folder / f"{before}.csv"
                partitions.refuse_other_folds(earlier.scored, own.scored.folds, table=table, of=f"{step} on {where}")
                if where not in floors:
                    floors[where] = floor_scores(cells, own.scored.folds)
                    there = {name: on[where].scored for name, on in runs.items() if where in on}
                    elsewhere[where] = tilted.aucs(there, cells, to=tilted.OFFICIAL)
                more = elsewhere[where][step].less(elsewhere[where][before])
                held = _held(own, earlier, floors[where], elsewhere=more)
                rows.append(f"| {' | '.join([step, before, where, *held])} |")
    return [HEAD, f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", *rows, ""] if rows else []


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Each step among these names, in their order, with each of them that it is held against."""
    found = []
    for place, step in enumerate(names[1:], start=1):
        earlier = [name for name in names[:place] if name not in NO_STEPS]
        found += [(step, before) for before in dict.fromkeys((names[place - 1], *earlier[-1:]))]
    return found


def _runs(name: str, cells: Sequence[Cell], *, folder: Path) -> dict[str, Run]:
    """Each partition on which a recipe was run to the end; last, every person left out alone, where that was run."""
    rows = results.read(folder / f"{name}.csv")
    tried = {seed: scored_if_finished(rows, cells, seed=seed) for seed in sorted({row.seed for row in rows})}
    on = {seed: scored for seed, scored in tried.items() if scored}
    shifted = kept_shifts.read_logits(kept_shifts.logits_path_of(name, folder=folder), cells, on)
    found = {str(seed): Run(scored, shifted.get(seed)) for seed, scored in on.items()}
    alone = each_person.scores(name, cells, folder=folder)
    if alone is None:
        return found
    return {**found, "each person": Run(alone, each_person.shifted(name, alone, cells, folder=folder))}


def _held(own: Run, before: Run, floor: Floats, *, elsewhere: Difference) -> list[str]:
    """The cells of one row, but for its first three; `elsewhere` is the difference of their tilted AUC."""
    judged = {
        "floor-matched AUC": paired_difference(metrics.matched_auc(floor), own.scored, before.scored),
        "AUC elsewhere": elsewhere,
        "healthy": paired_difference(metrics.macro(metrics.specificity), own.scored, before.scored),
    }
    error = paired_difference(metrics.macro(metrics.calibration_error), own.scored, before.scored)
    told = [*(gain.signed() for gain in judged.values()), error.signed()]
    costlier: list[str] = []
    if not (own.at_fixed_threshold and before.at_fixed_threshold):
        told += ["-"] * len(shifts.FIGURES)
    else:
        for key, figure in shifts.FIGURES.items():
            name = NAMES[key]
            worst, single = spared(figure, own, before)
            told.append(worst.signed())
            judged[f"{name} at worst"] = worst
            costlier += [f"{name} under {shift} {one.value:+.3f}" for shift, one in single.items() if one.high < 0]
    better = [name for name, gain in judged.items() if gain.low > 0]
    worse = [name for name, gain in judged.items() if gain.high < 0]
    verdict = "; ".join(
        f"{word}: {', '.join(names)}" for word, names in (("better", better), ("worse", worse)) if names
    )
    if costlier:
        verdict = f"{verdict} ({', '.join(costlier)})".strip()
    return [*told, verdict]


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
