"""What an experiment found, as committed files that say of which recipe and of which cells they are.

`<recipe>.csv` has the out-of-fold logits (a row for each cell and seed), `<recipe>.json` says how they came about, and
`<recipe>.shifts.json` is the shift test, where it was run, and `<recipe>.shifted.csv` the logits that it is of.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid
from training import aside
from training.cells import Cell, fingerprint, read_index
from training.recipe import words_for
from training.stopwatch import Milliseconds


class ResultsDoNotFit(Invalid):
    code = "results_do_not_fit"


CELLS = "cells.csv"
"""The table of all images that results are of, beside them."""

AGAIN = "Take it from git again, or take it away and run what made it."

COLUMNS = ("image_sha256", "seed", "fold", "logit")


class Experiment(Protocol):
    """What was tried: a Recipe, or a Machine without a network."""

    @property
    def name(self) -> str: ...

    def as_json(self) -> dict[str, Any]: ...

    def fingerprint(self) -> str: ...


@dataclass(frozen=True)
class Fold:
    """What one trained fold says of the cells it never saw; `tested` are indices into the table of cells."""

    seed: int
    fold: int
    tested: NDArray[np.int64]
    logits: NDArray[np.float32]
    note: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One out-of-fold logit. `image_sha256` is of the image's RGB pixels."""

    image_sha256: str
    seed: int
    fold: int
    logit: float
    where: str = ""
    """File and line that it was read from."""


def write(
    experiment: Experiment,
    cells: Sequence[Cell],
    folds: Sequence[Fold],
    *,
    folder: Path,
    made_from: Mapping[str, str] | None = None,
) -> None:
    """Writes both files of an experiment from the folds that are finished; `made_from` are its `fingerprints`, where it
    met more than these cells.
    """
    with aside.written_aside(folder / f"{experiment.name}.csv") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for fold in folds:
            for index, logit in zip(fold.tested, fold.logits, strict=True):
                writer.writerow((cells[index].sha256, fold.seed, fold.fold, f"{logit:.5f}"))
    path = folder / f"{experiment.name}.json"
    whole = {
        "recipe": experiment.as_json(),
        **(made_from or fingerprints(experiment, cells)),
        "cells": len(cells),
        **_timed(path, fingerprint=experiment.fingerprint()),
        "folds": [{"seed": fold.seed, "fold": fold.fold, "cells": len(fold.tested), **fold.note} for fold in folds],
    }
    aside.write(path, json.dumps(whole, indent=1, allow_nan=False) + "\n")


FINGERPRINTS = ("recipe_fingerprint", "data_fingerprint", "unlabelled_fingerprint")


def fingerprints(experiment: Experiment, cells: Sequence[Cell], *, unlabelled: Sequence[Cell] = ()) -> dict[str, str]:
    """What every file of an experiment on these cells says of itself: those of FINGERPRINTS that it has. Only one that
    met unlabelled cells has the last.
    """
    made_from = (experiment.fingerprint(), fingerprint(cells), *([fingerprint(unlabelled)] if unlabelled else []))
    return dict(zip(FINGERPRINTS, made_from, strict=False))


def is_made_from(kept: Mapping[str, Any], made_from: Mapping[str, str]) -> bool:
    """Whether what is kept of an experiment has these fingerprints, and no others."""
    return all(kept.get(name) == made_from.get(name) for name in FINGERPRINTS)


def record(path: Path) -> dict[str, Any]:
    """What is in a `<recipe>.json`; raises ResultsDoNotFit where there is no such file."""
    if not path.is_file():
        raise ResultsDoNotFit(f"There are no results at {path}. Run `python -m training {words_for(path.stem)}` first.")
    return read_json(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file of results; raises ResultsDoNotFit where it holds none, say after a merge that failed."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultsDoNotFit(f"{path} is no JSON ({error}). {AGAIN}") from error
    if not isinstance(found, dict):
        raise ResultsDoNotFit(f"{path} holds no JSON object. {AGAIN}")
    return found


def has_more_folds(path: Path, made_from: Mapping[str, str], *, than: int) -> bool:
    """Whether `<recipe>.csv` is there and has these `fingerprints`, and more folds than so many."""
    if not (path.is_file() and path.with_suffix(".json").is_file()):
        return False
    kept = record(path.with_suffix(".json"))
    return is_made_from(kept, made_from) and len(kept["folds"]) > than


def refuse_other_cells(path: Path, cells: Sequence[Cell]) -> None:
    """Raises ResultsDoNotFit where the `<recipe>.json` beside this `<recipe>.csv` is of other cells or is not there."""
    own, given = record(path.with_suffix(".json")).get("data_fingerprint"), fingerprint(cells)
    if own != given:
        raise ResultsDoNotFit(
            f"{path} is of other cells ({str(own)[:8]}) than these ({given[:8]}). Run `python -m training "
            f"{words_for(path.stem)}` on these with --results and a folder of their own, and name that folder here too."
        )


def refuse_other_recipe(path: Path, experiment: Experiment) -> None:
    """Raises ResultsDoNotFit where the `<recipe>.json` beside this `<recipe>.csv` is of an earlier form of the recipe:
    a choice in it is another one since."""
    if record(path.with_suffix(".json")).get("recipe_fingerprint") != experiment.fingerprint():
        raise ResultsDoNotFit(
            f"{path} is of an earlier form of this recipe. Run `python -m training {words_for(path.stem)}` again."
        )


def refuse_in_place_of_others(path: Path, cells: Sequence[Cell]) -> None:
    """Raises ResultsDoNotFit where `<recipe>.csv` is there and of other cells: those of these would take its place."""
    if not (path.is_file() and path.with_suffix(".json").is_file()):
        return
    if record(path.with_suffix(".json")).get("data_fingerprint") != fingerprint(cells):
        raise ResultsDoNotFit(
            f"{path} is of other cells than these and would be lost. Name another folder with --results."
        )


TIMES = ("milliseconds", "road_milliseconds")
"""What a `<recipe>.json` calls the fields of Milliseconds."""


def record_milliseconds(path: Path, taken: Milliseconds) -> None:
    """Adds the times that one image takes to a `<recipe>.json`; raises ResultsDoNotFit where there is no such file."""
    found = dict(zip(TIMES, (taken.from_crop, taken.whole), strict=True))
    aside.write(path, json.dumps({**record(path), **found}, indent=1) + "\n")


def cost(path: Path) -> tuple[int, int]:
    """How many parameters one fold's network of a `<recipe>.json` has, and how many cells it met in training."""
    found = record(path)
    return int(found["folds"][0]["parameters"]), seen(found["folds"], found["recipe"])


def seen(folds: Sequence[dict[str, Any]], recipe: dict[str, Any]) -> int:
    """Cells met in training by one fold's network, on average: early stopping may have ended some sooner."""
    met = [fold["seen"] if "seen" in fold else fold["epochs"] * recipe["cells_per_epoch"] for fold in folds]
    return round(sum(met) / len(met))


def _timed(path: Path, *, fingerprint: str) -> dict[str, float]:
    """The time that was recorded of the very same experiment, which a new fold does not change."""
    earlier = read_json(path) if path.is_file() else {}
    same = earlier.get("recipe_fingerprint") == fingerprint
    return {name: earlier[name] for name in TIMES if name in earlier} if same else {}


def read(path: Path) -> list[Row]:
    """The rows of a `<recipe>.csv`; raises ResultsDoNotFit where there is no such file, or a row is none."""
    if not path.is_file():
        raise ResultsDoNotFit(f"There are no results at {path}. Run `python -m training {words_for(path.stem)}` first.")
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        return [_row(row, where=f"{path}, line {line}") for line, row in enumerate(csv.DictReader(file), start=2)]


def read_of(path: Path, cells: Sequence[Cell]) -> list[Row]:
    """The rows of a `<recipe>.csv` on these cells; raises what `read` and `refuse_other_cells` do."""
    rows = read(path)
    refuse_other_cells(path, cells)
    return rows


def _row(row: dict[str, str | None], *, where: str) -> Row:
    found = [row.get(column) or "" for column in COLUMNS]
    sha256, seed, fold, logit = found
    try:
        if not math.isfinite(float(logit)):
            raise ValueError("no finite logit")
        return Row(sha256, int(seed), int(fold), float(logit), where)
    except ValueError as error:
        raise ResultsDoNotFit(
            f"{where}: {', '.join(found)} is no row of {', '.join(COLUMNS)} ({error}). Run `fit` again."
        ) from error


def cells_beside(folder: Path) -> list[Cell]:
    """The labelled cells of the results in `folder`, from CELLS; raises ResultsDoNotFit or IndexNotReadable."""
    if not (folder / CELLS).is_file():
        raise ResultsDoNotFit(
            f"There is no {CELLS} in {folder}. Run `python -m training index` and copy its index.csv there as {CELLS}."
        )
    return [cell for cell in read_index(folder / CELLS) if cell.label]
