"""How often what looks for a trace in pixels marks real cells as they are, and those that something was done to."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from app.vision.decode import Pixels
from training.bootstrap import estimate_share
from training.cells import Cell
from training.metrics import share_of
from training.not_cells import Spoilt
from training.out_of_fold import unscored
from training.pictures import read_pixels
from training.splits import few_places


def trial(
    marks: Callable[[Pixels], bool], ways: Mapping[str, Spoilt], cells: Sequence[Cell], root: Path
) -> dict[str, Any]:
    """Shares that are marked, [share, low, high]: of the real cells of each class, and of a few after each of the
    ways."""
    with ThreadPoolExecutor(2) as pool:
        marked = np.array(list(pool.map(lambda cell: marks(read_pixels(root / cell.path)), cells)))
    scored = unscored(cells, np.zeros(len(cells), np.int64))
    few = [read_pixels(root / cells[place].path) for place in few_places(cells)]
    return {
        "marked_hem": estimate_share(marked, ~scored.is_all, scored).as_json(),
        "marked_all": estimate_share(marked, scored.is_all, scored).as_json(),
        "after": [
            {"kind": name, "images": len(few), "marked": share_of(np.array([marks(way(pixels)) for pixels in few]))}
            for name, way in ways.items()
        ],
    }
