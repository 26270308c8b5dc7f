"""Ours where people who share a cell are one (`training.twice`), against the groups that everything else was run by.

They were found when every network had been run. `results/joined` holds the shipped recipe anew, learned and tested by
groups in which they are together, and the table of cells that says so.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.vision.bundle import BandThresholds, Calibration, Card
from training import metrics, results, trust
from training.bootstrap import Estimate, estimate, paired_difference
from training.cnmc import Cell
from training.figures import COLUMNS, figures, shown
from training.floor import floor_scores
from training.metrics import Figure
from training.out_of_fold import scored_of
from training.partitions import scored_on
from training.scored import Floats, Scored, ones

FOLDER = "joined"
"""Where those results lie, beside the others."""

WIDTH = 120
"""Of a line of Markdown."""

SECTION = (
    "When all of this had been run, {cells} of the cells turned out to be of people who lie in several of the subject "
    "groups above: they share cells that were photographed or filed twice (`python -m training explore` shows each "
    "pair). One person each, as far as one can see, are subjects {people}. Most of them were learned from under one "
    "name and tested under another, by every network above, so that the figures above are too good. Here is `{ours}` "
    "with those people together, in {groups} subject groups instead of {before}; the others were not run anew."
)

UNTOUCHED = (
    "On the {cells} cells of everybody else, from the logits of partition {seed} above, `{ours}` has an AUC of {auc}, "
    "and the earlier network that has the highest there is {best_auc}: ours less that is {more_auc}. Floor-matched, "
    "ours has {floor}, and the best earlier one is {best_floor}: ours less that is {more_floor}."
)


def lines(ours: str, scored: dict[str, Scored], cells: Sequence[Cell], *, folder: Path, seed: int) -> list[str]:
    """A section for RESULTS.md; nothing where `folder` has no such results. `scored` has ours and earlier networks'
    scores on the partition `seed`, by name.
    """
    path = folder / FOLDER / f"{ours}.csv"
    if not path.is_file():
        return []
    together = results.cells_beside(path.parent)
    results.refuse_other_cells(path, together)
    rows = [
        f"| {one} | {' | '.join(shown(figures(anew, together, seed=one)))} |"
        for one, anew in scored_on(path, together).items()
    ]
    head = [f"| seed | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
    told = [_told(ours, cells, together), *_untouched(ours, scored, cells, together, seed=seed)]
    first, *more = [
        "\n".join(textwrap.wrap(one, WIDTH, break_long_words=False, break_on_hyphens=False)) for one in told
    ]
    return [
        "## People who were not kept apart",
        "",
        first,
        "",
        *head,
        *rows,
        "",
        *(line for one in more for line in (one, "")),
    ]


def report(path: Path, *, seed: int, calibration: Calibration, thresholds: BandThresholds) -> dict[str, Any]:
    """For the evaluation of a card: what its calibration and bands make of scores of people who are together, as JSON
    values. Nothing where there are no such results at `path` (`<recipe>.csv`).
    """
    if not path.is_file():
        return {}
    cells = results.cells_beside(path.parent)
    scored = trust.calibrated(scored_of(results.read(path), cells, seed=seed), by=calibration)
    floor = floor_scores(cells, folds=len(set(scored.folds.tolist())), seed=seed)
    lower = scored.probabilities < thresholds.not_suspected_below
    upper = scored.probabilities >= thresholds.suspected_from
    wanted: dict[str, Figure] = {
        "auc": metrics.auc,
        "floor_matched_auc": metrics.matched_auc(floor),
        "subject_macro_sensitivity": metrics.macro(metrics.sensitivity),
        "subject_macro_specificity": metrics.macro(metrics.specificity),
        "not_suspected_miss_rate": metrics.macro(metrics.share(lower, scored.is_all)),
        "suspected_precision": metrics.macro(metrics.share(scored.is_all, upper)),
        "uncertain_share": metrics.macro(metrics.share(~(lower | upper), ones(scored))),
    }
    figures_of = {name: estimate(figure, scored).as_json() for name, figure in wanted.items()}
    figures_of["floor_auc"] = estimate(metrics.auc, scored.with_logits(floor)).as_json()
    return {"joined": {"subject_groups": len(np.unique(scored.groups)), "figures": figures_of}}


def report_for(card: Card, *, folder: Path) -> dict[str, Any]:
    """The same for a card that is there, from the results in `folder`."""
    recipe = card.training["recipe"]
    return report(
        folder / FOLDER / f"{recipe['name']}.csv",
        seed=recipe["seeds"][0],
        calibration=card.calibration,
        thresholds=card.thresholds,
    )


def _told(ours: str, cells: Sequence[Cell], together: Sequence[Cell]) -> str:
    moved = _moved(cells, together)
    people = {
        cell.group: sorted({one.subject for one in together if one.group == cell.group})
        for cell, is_moved in zip(together, moved, strict=True)
        if is_moved
    }
    return SECTION.format(
        ours=ours,
        cells=f"{sum(moved):,}",
        people="; ".join(_and(those) for _, those in sorted(people.items())),
        groups=len({cell.group for cell in together}),
        before=len({cell.group for cell in cells}),
    )


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _moved(cells: Sequence[Cell], together: Sequence[Cell]) -> list[bool]:
    """Of each cell, whether its group has become larger."""
    before, after = _subjects(cells), _subjects(together)
    return [before[one.group] != after[other.group] for one, other in zip(cells, together, strict=True)]


def _subjects(cells: Sequence[Cell]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for cell in cells:
        found.setdefault(cell.group, set()).add(cell.subject)
    return {group: frozenset(subjects) for group, subjects in found.items()}


def _untouched(
    ours: str, scored: dict[str, Scored], cells: Sequence[Cell], together: Sequence[Cell], *, seed: int
) -> list[str]:
    """How ours stands against the best earlier network on the cells of everybody else."""
    if len(scored) < 2:
        return []
    kept = ~np.array(_moved(cells, together))
    floor = floor_scores(cells, folds=len(set(scored[ours].folds.tolist())), seed=seed)[kept]
    those = {name: one.of(kept) for name, one in scored.items()}
    auc = _best(ours, those, metrics.auc)
    matched = _best(ours, those, metrics.matched_auc(floor))
    told = UNTOUCHED.format(
        ours=ours,
        cells=f"{kept.sum():,}",
        seed=seed,
        auc=auc[0],
        best_auc=auc[1],
        more_auc=auc[2],
        floor=matched[0],
        best_floor=matched[1],
        more_floor=matched[2],
    )
    return [told]


def _best(ours: str, scored: dict[str, Scored], figure: Figure) -> tuple[Estimate, str, str]:
    """Ours; the name of the best other with its value; and what ours has more, with its signs."""
    whole: Floats = ones(scored[ours])
    values = {name: float(figure(one, whole)) for name, one in scored.items() if name != ours}
    best = max(values, key=lambda name: values[name])
    more = paired_difference(figure, scored[ours], scored[best]).signed()
    return estimate(figure, scored[ours]), f"`{best}` ({values[best]:.3f})", more
