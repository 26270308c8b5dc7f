"""The gate's trial: what it measures on real cells, how many it refuses of unseen people, and what else it does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from app.errors import Misconfigured
from app.vision.decode import Pixels
from app.vision.quality import GateLimits, Measurements, Unusable, fit_limits, gate, judge, measure, unusual
from app.vision.resampling import was_resampled
from training import not_cells, resampled, stopwatch
from training.bootstrap import estimate, estimate_share
from training.cells import Cell, fingerprint, subject_order
from training.metrics import macro, share, share_of
from training.out_of_fold import unscored
from training.pictures import read_pixels
from training.results import read_json
from training.scored import Scored
from training.splits import few_places, partition

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

TIMED = 100
"""Cells on which the gate is timed."""


class GateNotTried(Misconfigured):
    code = "gate_not_tried"


def trial_of(cells: Sequence[Cell], root: Path, *, folds: int, seed: int, fields_of: Path | None) -> dict[str, Any]:
    """The whole trial, and of which cells it is."""
    found = trial(measurements(cells, root), cells, root, folds=folds, seed=seed, fields_of=fields_of)
    return {"data_fingerprint": fingerprint(cells), **found}


def kept_trial(path: Path, *, fingerprint: str) -> dict[str, Any]:
    """The one at `path`; raises GateNotTried where it is of other cells than those that a model learned from."""
    found = read_json(path) if path.is_file() else {}
    if found.get("data_fingerprint") != fingerprint:
        raise GateNotTried(f"{path} holds no trial of the gate on this model's cells. Run `python -m training gate`.")
    return found


def measurements(cells: Sequence[Cell], root: Path) -> list[Measurements]:
    """What the gate measures on each cell, in the order of `cells`."""
    with ThreadPoolExecutor(2) as pool:
        measured = pool.map(lambda cell: measure(read_pixels(root / cell.path)), cells)
        return list(tqdm(measured, total=len(cells), desc="gate", mininterval=5))


def trial(
    measured: Sequence[Measurements],
    cells: Sequence[Cell],
    root: Path,
    *,
    folds: int,
    seed: int,
    fields_of: Path | None,
) -> dict[str, Any]:
    """Every figure of the gate as JSON values. `fields_of` is the folder of smear fields, None for drawn cells.

    Real cells, spoilt or not, are judged by limits fitted on the other folds; other images by limits fitted on all.
    """
    fold_of = partition(cells, folds=folds, seed=seed)
    limits = [_limits(measured, fold_of != fold) for fold in range(folds)]
    own = [limits[fold] for fold in fold_of]
    reasons = [judge(one, limits=its) for one, its in zip(measured, own, strict=True)]
    everyone = fit_limits(measured)
    kinds = {name: [gate(pixels, limits=everyone) for pixels in made()] for name, made in not_cells.MADE.items()}
    if fields_of:
        smears = not_cells.smear_fields(fields_of)
        kinds[not_cells.SMEAR_FIELDS] = [gate(pixels, limits=everyone) for pixels in smears]
    kinds |= _spoilt(cells, root, limits=own)
    scored = unscored(cells, fold_of)
    asked = np.array(
        [
            refused is None and bool(unusual(one, limits=its))
            for refused, one, its in zip(reasons, measured, own, strict=True)
        ]
    )
    return {
        **_refusals(reasons, scored),
        "unusual_hem": estimate_share(asked, ~scored.is_all, scored).as_json(),
        "unusual_all": estimate_share(asked, scored.is_all, scored).as_json(),
        "altered": _altered(cells, root, limits=own),
        "resampling": resampled.trial(cells, root),
        "not_cells": [_kind(name, kinds[name]) for name in not_cells.KINDS if name in kinds],
        "milliseconds": milliseconds(cells, root, limits=everyone),
    }


def milliseconds(cells: Sequence[Cell], root: Path, *, limits: GateLimits) -> float:
    """From pixels to verdict on one thread."""
    chosen = np.unique(np.linspace(0, len(cells) - 1, TIMED).astype(int))
    pixels = (read_pixels(root / cells[place].path) for place in chosen)
    return stopwatch.milliseconds((partial(gate, one, limits=limits) for one in pixels), runs=5)


def statistics(measured: Sequence[Measurements], is_all: Any) -> dict[str, Any]:
    """Quantiles of every measurement by class: what drawn cells must match."""
    names = [field.name for field in fields(Measurements)]
    table = np.array([astuple(one) for one in measured])
    found: dict[str, Any] = {"quantiles": list(QUANTILES)}
    for name, chosen in (("HEM", ~is_all), ("ALL", is_all)):
        values = np.quantile(table[chosen], QUANTILES, axis=0)
        found[name] = {key: [round(float(one), 4) for one in values[:, place]] for place, key in enumerate(names)}
    return found


def _limits(measured: Sequence[Measurements], chosen: NDArray[np.bool_]) -> GateLimits:
    return fit_limits([one for one, taken in zip(measured, chosen, strict=True) if taken])


def _spoilt(cells: Sequence[Cell], root: Path, *, limits: Sequence[GateLimits]) -> dict[str, list[Unusable | None]]:
    """The verdicts on a few cells of each subject after each of SPOILT."""
    return {
        name: [judge(measure(pixels), limits=its) for pixels, its in _changed(cells, root, way, limits=limits)]
        for name, way in not_cells.SPOILT.items()
    }


def _altered(cells: Sequence[Cell], root: Path, *, limits: Sequence[GateLimits]) -> list[dict[str, Any]]:
    """For each of ALTERED the share of the same cells that is refused, and that passes and has a human asked."""
    found = []
    for name, way in not_cells.ALTERED.items():
        seen = [_looked_at(pixels, limits=its) for pixels, its in _changed(cells, root, way, limits=limits)]
        refused, asked = np.array(seen).T
        found.append({"kind": name, "images": len(seen), "refused": share_of(refused), "asked": share_of(asked)})
    return found


def _looked_at(pixels: Pixels, *, limits: GateLimits) -> tuple[bool, bool]:
    """Whether the image is refused; whether it passes and a human is asked: it looks unusual, or scaled."""
    measured = measure(pixels)
    refused = judge(measured, limits=limits) is not None
    return refused, not refused and (bool(unusual(measured, limits=limits)) or was_resampled(pixels))


def _changed(
    cells: Sequence[Cell], root: Path, way: not_cells.Spoilt, *, limits: Sequence[GateLimits]
) -> Iterator[tuple[Pixels, GateLimits]]:
    """A few cells of each subject that this was done to, with the limits for that subject."""
    for place in few_places(cells):
        yield way(read_pixels(root / cells[place].path)), limits[place]


def _refusals(reasons: Sequence[Unusable | None], scored: Scored) -> dict[str, Any]:
    """Shares of cells refused: by class, the difference of the classes, by reason and by subject."""
    refused = np.array([reason is not None for reason in reasons])
    of_hem, of_all = macro(share(refused, ~scored.is_all)), macro(share(refused, scored.is_all))
    return {
        "refused_hem": estimate_share(refused, ~scored.is_all, scored).as_json(),
        "refused_all": estimate_share(refused, scored.is_all, scored).as_json(),
        "refused_difference": estimate(lambda s, w: of_hem(s, w) - of_all(s, w), scored).as_json(),
        "passed_cells": round(float(1 - refused.mean()), 4),
        "by_reason": _counted(reasons),
        "by_subject": {
            str(subject): share_of(refused[scored.subjects == subject])
            for subject in sorted(set(scored.subjects.tolist()), key=subject_order)
        },
    }


def _kind(name: str, verdicts: Sequence[Unusable | None]) -> dict[str, Any]:
    refused = np.array([verdict is not None for verdict in verdicts])
    return {"kind": name, "images": len(verdicts), "refused": share_of(refused), "by_reason": _counted(verdicts)}


def _counted(verdicts: Iterable[Unusable | None]) -> dict[str, int]:
    return dict(sorted(Counter(verdict.value for verdict in verdicts if verdict).items()))
