"""The shift test of a recipe, kept beside its results, and whether it is of those.

`<recipe>.shifts.json` has its figures, `<recipe>.shifted.csv` the logits that they are of: a row for each cell and
seed, a column for each shift.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training import aside, metrics, results
from training.cells import Cell
from training.results import ResultsDoNotFit, read_json
from training.scored import Floats, Scored, ones
from training.shifts import PARTITIONS, SHIFTS, UNCHANGED

AGAIN = "Run `python -m training evaluate --shifts` again."

AS_GOOD_AS = 0.002
"""So much may its AUC differ from theirs: one processor rounds otherwise than another."""

AS_NEAR_AS = 0.02
"""So much may the logit of an unchanged cell differ from that in the results, which are of Keras: these are of ONNX
Runtime, and have fewer digits.
"""


class ShiftsDoNotFit(ResultsDoNotFit):
    code = "shifts_do_not_fit"


def path_of(name: str, *, folder: Path) -> Path:
    """Where the shift test of a recipe lies."""
    return folder / f"{name}.shifts.json"


def logits_path_of(name: str, *, folder: Path) -> Path:
    """Where the logits of a recipe's shift test lie."""
    return folder / f"{name}.shifted.csv"


def write(found: Sequence[dict[str, Any]], path: Path, *, made_from: Mapping[str, str]) -> None:
    """Writes what `shifts.report` found, with the fingerprints of recipe and cells that it is of."""
    aside.write(path, json.dumps({**made_from, "shifts": list(found)}, indent=1, allow_nan=False) + "\n")


def read(path: Path, *, made_from: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shift test in `path`, empty where it was not run; raises ShiftsDoNotFit if it is of another recipe or data.

    `made_from` has at least both fingerprints, as `results.fingerprints` or a `<recipe>.json` gives them.
    """
    if not path.is_file():
        return []
    try:
        kept = read_json(path)
    except ResultsDoNotFit as error:
        raise ShiftsDoNotFit(error.message) from error
    names = ("recipe_fingerprint", "data_fingerprint")
    if any(kept.get(name) != made_from[name] for name in names):
        raise ShiftsDoNotFit(f"{path} is of an earlier recipe or of other cells. {AGAIN}")
    found: list[dict[str, Any]] = kept["shifts"]
    return found


def read_of(path: Path, on: Mapping[int, Scored], *, made_from: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same, of the very networks whose scores are `on`, by seed; raises ShiftsDoNotFit also where those of other
    folds were tried, or not all shifts, cells or partitions.
    """
    found = read(path, made_from=made_from)
    for one in found:
        scored = on.get(one["seed"])
        if one["shift"] == UNCHANGED and not (scored and _is_of(one, scored)):
            raise ShiftsDoNotFit(
                f"{path} is of networks that learned in other folds than those of the results beside it. {AGAIN}"
            )
    wanted = len(SHIFTS) * max(min(PARTITIONS, len(on)), len({one["seed"] for one in found}))
    if found and (whole := _whole_rows(found, on)) < wanted:
        raise ShiftsDoNotFit(
            f"{path} is no whole shift test: of {wanted} rows, each a shift of all cells of a partition, it holds "
            f"{whole}. {AGAIN}"
        )
    return found


def of_one(name: str, seed: int, scored: Scored, *, folder: Path) -> list[dict[str, Any]]:
    """The shift test of the results of this name in `folder`, which are of one partition alone, whose scores are
    `scored`; empty where it was not run. Raises ShiftsDoNotFit.
    """
    record = folder / f"{name}.json"
    if not record.is_file():
        return []
    return read_of(path_of(name, folder=folder), {seed: scored}, made_from=results.record(record))


def write_logits(shifted: Mapping[int, Mapping[str, Floats]], cells: Sequence[Cell], path: Path) -> None:
    """Writes what `shifts.logits` found of these cells, to a thousandth."""
    with aside.written_aside(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image_sha256", "seed", *SHIFTS))
        for seed, by_shift in shifted.items():
            for cell, row in zip(cells, np.stack([by_shift[name] for name in SHIFTS], axis=1), strict=True):
                writer.writerow((cell.sha256, seed, *(f"{logit:.3f}" for logit in row)))


def read_logits(path: Path, cells: Sequence[Cell], on: Mapping[int, Scored]) -> dict[int, dict[str, Floats]]:
    """By seed and shift the logit of each of the cells, whose scores are `on` by seed; nothing where none were kept.

    Raises ShiftsDoNotFit where they are of other cells or networks than those scores.
    """
    if not path.is_file():
        return {}
    try:
        found = _logits_in(path, cells)
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise ShiftsDoNotFit(f"{path} is no whole table of shifted cells ({error}). {AGAIN}") from error
    for seed, by_shift in found.items():
        if seed not in on or not np.abs(by_shift[UNCHANGED] - on[seed].logits).max() <= AS_NEAR_AS:
            raise ShiftsDoNotFit(f"{path} is of other networks than those of the results beside it. {AGAIN}")
    return found


def _logits_in(path: Path, cells: Sequence[Cell]) -> dict[int, dict[str, Floats]]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        listed = list(csv.DictReader(file))
    rows = {(row["seed"], row["image_sha256"]): row for row in listed}
    seeds = sorted({seed for seed, _ in rows})
    if not rows or len(listed) != len(seeds) * len(cells):
        raise ValueError(f"{len(listed)} rows of {len(cells)} cells")
    found = {
        int(seed): {name: np.array([float(rows[seed, cell.sha256][name]) for cell in cells]) for name in SHIFTS}
        for seed in seeds
    }
    if not all(np.isfinite(logits).all() for by_shift in found.values() for logits in by_shift.values()):
        raise ValueError("no finite logit")
    return found


def _whole_rows(found: Sequence[Mapping[str, Any]], on: Mapping[int, Scored]) -> int:
    """How many of them are each of another shift or partition, and of all its cells."""
    cells = {seed: len(scored.logits) for seed, scored in on.items()}
    tried = ((one["shift"], one["seed"]) for one in found if one["cells"] == cells.get(one["seed"]))
    return len({(shift, seed) for shift, seed in tried if shift in SHIFTS})


def _is_of(unchanged: Mapping[str, Any], scored: Scored) -> bool:
    auc = float(metrics.auc(scored, ones(scored)))
    return bool(unchanged["cells"] == len(scored.logits) and abs(unchanged["auc"] - auc) <= AS_GOOD_AS)
