"""RESULTS.md: every committed result under the one protocol, made from the repository alone.

`cells.csv` beside the results holds what the figures need to know of each image: label, subject group, area, colour.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from training import evaluate, metrics, results, steps
from training.cnmc import Cell
from training.floor import floor_scores
from training.metrics import Estimate, Figure, Scored, estimate, paired_difference
from training.splits import partition

OURS = "texture3"
"""The recipe of the shipped bundle, against which every other row is held."""

SEED = 0
"""The partition on which every row is compared."""

RECIPES = Path(__file__).parent / "recipes"

HEAD = """\
# Results

Out of fold, folds split by subject group: no network is scored on a person that it has seen. Intervals are 95 %, by
bootstrap over subject groups. Calibration and the threshold of each cell come from the other folds. *Floor-matched*
compares cells of like area and colour, *area-matched* cells of like area: what is left when those shortcuts are held
still. *Healthy* is the share of normal cells called normal, every healthy subject counting the same.

*Input* is the side of the square that a network sees: 224 pixels at native scale is ours, the earlier ones see 288
shrunk to less. *Cells seen* is what one fold's network met in training, repeats counted; *tested* are the cells of each
fold; *ms* is the median time of one image in ONNX Runtime on one thread, "-" where it was not measured or there is no
network.

Made by `python -m training results` from the files in `training/results/`.
"""

COLUMNS = ("AUC", "floor-matched AUC", "area-matched AUC", "balanced accuracy", "healthy")
FACTS = ("recipe", "parameters", "input", "cells seen", "tested", "ms")


def text(folder: Path) -> str:
    """The whole page as Markdown, from the results in `folder`.

    Raises ResultsDoNotFit where there are none or a row is none, and what `evaluate.scored_of` raises.
    """
    cells = results.cells_beside(folder)
    entries = [_entry(path, cells) for path in sorted(folder.glob("*.json")) if path.with_suffix(".csv").is_file()]
    finished = sorted((one for one in entries if one["scored"]), key=lambda one: -one["floor_matched"].value)
    in_contest = [one for one in finished if not steps.base_of(one["name"])]
    yardsticks = _yardsticks(cells)
    rows = [_row(one) for one in [*in_contest, *yardsticks]]
    columns = (*FACTS, *COLUMNS)
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    unfinished = [f"- `{one['name']}` is not finished." for one in entries if not one["scored"]]
    compared = _differences([*in_contest, yardsticks[0]], cells)
    by_step = steps.lines({one["name"]: one["scored"] for one in finished}, cells, folder=folder, recipes=RECIPES)
    partitions = _partitions(folder / f"{OURS}.csv", cells)
    return "\n".join([HEAD, *head, *rows, "", *compared, *partitions, *unfinished, *by_step]).rstrip() + "\n"


def _entry(path: Path, cells: Sequence[Cell]) -> dict[str, Any]:
    record = json.loads(path.read_text())
    rows, recipe = results.read(path.with_suffix(".csv")), record["recipe"]
    seed = SEED
    whole = {row.image_sha256 for row in rows if row.seed == seed} >= {cell.sha256 for cell in cells}
    scored = evaluate.scored_of(rows, cells, seed=seed) if whole else None
    folds = [fold for fold in record["folds"] if fold["seed"] == seed] or record["folds"]
    return {
        "name": path.stem,
        "parameters": f"{folds[0]['parameters']:,}",
        "input": f"{recipe['shrink_to'] or recipe['size']} px" if "size" in recipe else "features",
        "seen": f"{results.seen(folds, recipe):,}",
        "tested": " + ".join(f"{fold['cells']:,}" for fold in folds),
        "milliseconds": f"{record['milliseconds']:.2f}" if "milliseconds" in record else "-",
        "scored": scored,
        **(_figures(scored, cells, seed=seed) if scored else {}),
    }


def _figures(scored: Scored, cells: Sequence[Cell], *, seed: int) -> dict[str, Estimate]:
    floor = floor_scores(cells, folds=len(set(scored.folds.tolist())), seed=seed)
    wanted: dict[str, Figure] = {
        "auc": metrics.auc,
        "floor_matched": metrics.matched_auc(floor),
        "area_matched": metrics.matched_auc(scored.areas),
        "balanced_accuracy": metrics.balanced_accuracy,
        "healthy": metrics.macro(metrics.specificity),
    }
    return {name: estimate(figure, scored) for name, figure in wanted.items()}


def _yardsticks(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """The floor, and whoever calls everything ALL."""
    folds, seed = 3, 0
    floor = floor_scores(cells, folds=folds, seed=seed)
    found = []
    for name, logits in (("*area and mean colour only*", floor), ("*calls everything ALL*", np.ones(len(cells)))):
        rows = _as_rows(cells, logits, folds=folds, seed=seed)
        scored = evaluate.scored_of(rows, cells, seed=seed)
        if logits is not floor:
            scored = replace(scored, probabilities=np.ones(len(cells)))
        facts = {"name": name, "parameters": "", "input": "", "seen": "", "tested": "", "milliseconds": ""}
        found.append({**facts, "scored": scored, **_figures(scored, cells, seed=seed)})
    return found


def _partitions(path: Path, cells: Sequence[Cell]) -> list[str]:
    """Ours on every partition that it was trained on."""
    rows = results.read(path) if path.is_file() else []
    seeds = sorted({row.seed for row in rows})
    if len(seeds) < 2:
        return []
    lines = [
        f"## `{OURS}` on each partition",
        "",
        f"| seed | {' | '.join(COLUMNS)} |",
        "|---" * (1 + len(COLUMNS)) + "|",
    ]
    for seed in seeds:
        found = _figures(evaluate.scored_of(rows, cells, seed=seed), cells, seed=seed)
        lines.append(f"| {seed} | {' | '.join(_shown(found))} |")
    return [*lines, ""]


def _as_rows(cells: Sequence[Cell], logits: metrics.Floats, *, folds: int, seed: int) -> list[results.Row]:
    fold_of = partition(cells, folds=folds, seed=seed)
    return [
        results.Row(cell.sha256, seed, int(fold), float(logit))
        for cell, fold, logit in zip(cells, fold_of, logits, strict=True)
    ]


def _row(entry: dict[str, Any]) -> str:
    facts = [entry[key] for key in ("name", "parameters", "input", "seen", "tested", "milliseconds")]
    return f"| {' | '.join([*facts, *_shown(entry)])} |"


def _shown(figures: dict[str, Any]) -> list[str]:
    """Each of COLUMNS with its interval."""
    estimates = (figures[key] for key in ("auc", "floor_matched", "area_matched", "balanced_accuracy", "healthy"))
    return [str(one) for one in estimates]


def _differences(entries: Sequence[dict[str, Any]], cells: Sequence[Cell]) -> list[str]:
    """What OURS gains over each other, pairwise over the same drawn groups."""
    ours = next((one for one in entries if one["name"] == OURS), None)
    if ours is None:
        return []
    floor = floor_scores(cells, folds=len(set(ours["scored"].folds.tolist())), seed=0)
    lines = [
        f"## `{OURS}` less each other",
        "",
        "On the same cells, whose subject groups are drawn together: above 0 means that ours is better.",
        "",
        "| less | AUC | floor-matched AUC |",
        "|---|---|---|",
    ]
    for other in entries:
        if other is not ours:
            gains = [
                paired_difference(figure, ours["scored"], other["scored"])
                for figure in (metrics.auc, metrics.matched_auc(floor))
            ]
            shown = (f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" for gain in gains)
            lines.append(f"| {other['name']} | {' | '.join(shown)} |")
    return [*lines, ""]
