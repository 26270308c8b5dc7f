"""What the gate measures on real cells, and how many it would refuse of subjects that it was not fitted on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.vision.quality import Measurements, fit_limits, judge, measure
from training.cnmc import Cell
from training.metrics import Scored, estimate, macro
from training.metrics import share as share_of
from training.pictures import read_pixels

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def measurements(cells: Sequence[Cell], root: Path) -> list[Measurements]:
    """What the gate measures on each cell, in the order of `cells`."""
    with ThreadPoolExecutor(2) as pool:
        measured = pool.map(lambda cell: measure(read_pixels(root / cell.path)), cells)
        return list(tqdm(measured, total=len(cells), desc="gate", mininterval=5))


def refusals(measured: Sequence[Measurements], scored: Scored) -> dict[str, Any]:
    """Shares of cells refused by limits fitted on the other folds: by class, by reason and by subject."""
    reasons: list[str | None] = [None] * len(measured)
    for fold in set(scored.folds.tolist()):
        limits = fit_limits([one for one, other in zip(measured, scored.folds, strict=True) if other != fold])
        for place in np.flatnonzero(scored.folds == fold).tolist():
            refused = judge(measured[place], limits=limits)
            reasons[place] = refused.value if refused else None
    refused_cells = np.array([reason is not None for reason in reasons], np.float64)

    def share(among: Any) -> list[float | None]:
        return estimate(macro(share_of(refused_cells, among)), scored).as_json()

    by_subject = {
        str(subject): round(float(refused_cells[scored.subjects == subject].mean()), 4)
        for subject in sorted(set(scored.subjects.tolist()))
    }
    return {
        "refused_hem": share((~scored.is_all).astype(np.float64)),
        "refused_all": share(scored.is_all.astype(np.float64)),
        "passed_cells": round(float(1 - refused_cells.mean()), 4),
        "by_reason": {reason: reasons.count(reason) for reason in sorted({one for one in reasons if one})},
        "by_subject": {subject: value for subject, value in by_subject.items() if value > 0},
    }


def statistics(measured: Sequence[Measurements], is_all: Any) -> dict[str, Any]:
    """Quantiles of every measurement by class: what drawn cells must match."""
    names = [field.name for field in fields(Measurements)]
    table = np.array([astuple(one) for one in measured])
    found: dict[str, Any] = {"quantiles": list(QUANTILES)}
    for name, chosen in (("HEM", ~is_all), ("ALL", is_all)):
        values = np.quantile(table[chosen], QUANTILES, axis=0)
        found[name] = {key: [round(float(one), 4) for one in values[:, place]] for place, key in enumerate(names)}
    return found
