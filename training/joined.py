"""People who share a cell are one (`training.twice`), and most networks were run when nobody knew.

`results/joined` holds what was learned and tested anew by groups in which they are together, and the table of cells
that says so. Of all other results their cells are left out.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.vision.bundle import BandThresholds, Calibration, Card
from training import evaluate, metrics, results, trust
from training.bootstrap import estimate, estimate_share
from training.cnmc import Cell
from training.figures import contested
from training.floor import floor_scores
from training.metrics import Figure
from training.out_of_fold import scored_if_finished, scored_of
from training.partitions import scored_on
from training.scored import Scored
from training.titles import BANDS

FOLDER = "joined"
"""Where those results lie, beside the others."""

WIDTH = 120
"""Of a line of Markdown."""

TOLD = (
    "When most of this had been run, {cells} of the {every} cells turned out to be of people who lie in several of the "
    "subject groups: they share cells that were photographed or filed twice (`python -m training explore` shows each "
    "pair). One person each, as far as one can see, are subjects {people}. Most of them were learned from under one "
    "name and tested under another. So wherever networks learned by those groups, their cells are left out of every "
    "figure: what stands here is of the {kept} others."
)

SECTION = (
    "Here nobody is left out: these were learned and tested anew in {groups} subject groups, in which such people are "
    "together. On partition {seed}, whose folds are others than above. In the last columns is what `{ours}` has more."
)


def cells_together(folder: Path) -> list[Cell]:
    """Every cell in the groups in which such people are together; none where `folder` has no such results."""
    place = folder / FOLDER
    return results.cells_beside(place) if place.is_dir() else []


def kept_apart(cells: Sequence[Cell], together: Sequence[Cell]) -> list[Cell]:
    """Those of `cells` whose subject group stayed what it was when such people were put together."""
    if not together:
        return list(cells)
    return [cell for cell, is_moved in zip(cells, _moved(cells, together), strict=True) if not is_moved]


def told(cells: Sequence[Cell], together: Sequence[Cell]) -> list[str]:
    """Who is left out of what was learned by the groups of `cells`, for RESULTS.md; nothing where nobody is."""
    if not together:
        return []
    moved = _moved(cells, together)
    people = {
        cell.group: sorted({one.subject for one in together if one.group == cell.group})
        for cell, is_moved in zip(together, moved, strict=True)
        if is_moved
    }
    text = TOLD.format(
        cells=f"{sum(moved):,}",
        every=f"{len(cells):,}",
        people="; ".join(_and(those) for _, those in sorted(people.items())),
        kept=f"{len(cells) - sum(moved):,}",
    )
    return [*_wrapped(text), ""]


def scored_together(ours: str, together: Sequence[Cell], *, folder: Path) -> dict[int, Scored]:
    """Ours by partition, learned and tested in those groups; raises what `scored_of` raises, or ResultsDoNotFit."""
    path = folder / FOLDER / f"{ours}.csv"
    results.refuse_other_cells(path, together)
    return scored_on(path, together)


def lines(ours: str, on: Mapping[int, Scored], together: Sequence[Cell], *, folder: Path, seed: int) -> list[str]:
    """A section for RESULTS.md: ours, from its scores by partition, and all else that was run in those groups on the
    partition `seed`; nothing where none was.
    """
    if not together:
        return []
    paths = [path for path in sorted((folder / FOLDER).glob("*.csv")) if path.stem not in {"cells", ours}]
    others = {path.stem: scored_if_finished(results.read(path), together, seed=seed) for path in paths}
    finished = {name: one for name, one in others.items() if one}
    groups = len({cell.group for cell in together})
    table = contested(ours, on[seed], finished, together, seed=seed)
    text = SECTION.format(ours=ours, groups=groups, seed=seed)
    return ["## People under several names together", "", *_wrapped(text), "", *table, ""]


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
    }
    shares = evaluate.shares_of_bands(scored.is_all, lower=lower, upper=upper)
    found = {
        **{name: estimate(figure, scored) for name, figure in wanted.items()},
        **{name: estimate_share(*shares[name], scored) for name in BANDS},
        "floor_auc": estimate(metrics.auc, scored.with_logits(floor)),
    }
    return {
        "joined": {
            "subject_groups": len(np.unique(scored.groups)),
            "figures": {name: one.as_json() for name, one in found.items()},
            "reliability": evaluate.reliability(scored),
        }
    }


def report_for(card: Card, *, folder: Path) -> dict[str, Any]:
    """The same for a card that is there, from the results in `folder`."""
    recipe = card.training["recipe"]
    return report(
        folder / FOLDER / f"{recipe['name']}.csv",
        seed=recipe["seeds"][0],
        calibration=card.calibration,
        thresholds=card.thresholds,
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


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
