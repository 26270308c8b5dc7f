"""How shape and texture are spread in the training cells: quantiles of each measure in each class, for the card.

Subjects count the same within their class, so that nobody with many cells stands for all. Asks nothing of TensorFlow.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.errors import Invalid
from app.vision.bundle import CLASSES
from app.vision.morphology import MEASURES, NothingToMeasure, measure
from training import results
from training.cells import Cell, fingerprint
from training.metrics import weighted_quantiles
from training.pictures import read_pixels
from training.scored import Floats

QUANTILES = (0.01, 0.05, *(step / 10 for step in range(1, 10)), 0.95, 0.99)


class NothingMeasured(Invalid):
    code = "nothing_measured"


def percentiles(cells: Sequence[Cell], root: Path) -> dict[str, Any]:
    """`cells` and `subjects` say how many are behind the quantiles: images without a cell teach nothing.

    Raises NothingMeasured where a class has none.
    """
    table = measured(cells, root)
    whole = ~np.isnan(table[:, 0])
    found: dict[str, Any] = {
        "data_fingerprint": fingerprint(cells),
        "quantiles": list(QUANTILES),
        "cells": {},
        "subjects": {},
    }
    for label in CLASSES:
        chosen = [place for place, cell in enumerate(cells) if cell.label == label and whole[place]]
        if not chosen:
            raise NothingMeasured(f"There is no cell of class {label} that could be measured.")
        subjects = Counter(cells[place].subject for place in chosen)
        weights = np.array([1 / subjects[cells[place].subject] for place in chosen])
        found["cells"][label], found["subjects"][label] = len(chosen), len(subjects)
        found[label] = {
            name: [round(one, 4) for one in weighted_quantiles(table[chosen, column], weights, shares=QUANTILES)]
            for column, name in enumerate(MEASURES)
        }
    return found


def for_card(cells: Sequence[Cell], root: Path, *, kept: Path) -> dict[str, Any]:
    """The percentiles kept in that file where they are of these very cells, else measured now."""
    return kept_for(kept, fingerprint=fingerprint(cells)) or percentiles(cells, root)


def kept_for(path: Path, *, fingerprint: str) -> dict[str, Any] | None:
    """What is kept of cells with that fingerprint; None where nothing is. Raises ResultsDoNotFit."""
    found = results.read_json(path) if path.is_file() else {}
    return found if found.get("data_fingerprint") == fingerprint else None


def measured(cells: Sequence[Cell], root: Path) -> Floats:
    """N cells x MEASURES, in two processes; nan where an image holds nothing to measure."""
    paths = [root / cell.path for cell in cells]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:  # export has TensorFlow's threads by now
        rows = pool.map(_measures, paths, chunksize=32)
        return np.array(list(tqdm(rows, total=len(paths), desc="morphology", mininterval=5)))


def _measures(path: Path) -> list[float]:
    try:
        found = measure(read_pixels(path)).measures
    except NothingToMeasure:
        return [float("nan")] * len(MEASURES)
    return [found[name] for name in MEASURES]
