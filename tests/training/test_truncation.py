"""What lies beyond the square that a network sees is counted against the whole cell."""

import numpy as np
import pytest

from training import truncation
from training.augment import CELL
from training.cells import Cell
from training.dataset import Crops
from training.scored import Scored

pytestmark = pytest.mark.tensorflow


def squares(*sides, stored=40):
    """Square cells of these sides in the middle of stored crops; what a stored crop does not hold counts as well."""
    outlines = np.zeros((len(sides), stored, stored), np.uint8)
    for outline, side in zip(outlines, sides, strict=True):
        edge = max((stored - side) // 2, 0)
        outline[edge : stored - edge, edge : stored - edge] = CELL
    cells = tuple(
        Cell("", f"{'H' * (n % 2)}{n}", f"{n}", "", "", "", side * side, 0.0, 0.0, 0.0) for n, side in enumerate(sides)
    )
    return Crops(cells, np.zeros((len(sides), 1, 1, 3), np.uint8), outlines)


def test_the_share_beyond_is_of_the_cell_as_it_is_in_the_image():
    assert truncation.beyond(squares(10, 20, 40, 80), size=20) == pytest.approx([0, 0, 0.75, 1 - 400 / 6400])


def test_of_each_class_the_share_of_cells_cut_off_has_an_interval_even_where_it_is_none():
    crops = squares(40, 10, 40, 20, 10, 10)
    subjects, nothing = np.array([cell.subject for cell in crops.cells]), np.zeros(6)
    is_all = np.array([not name.startswith("H") for name in subjects])
    scored = Scored(is_all, subjects, subjects, nothing.astype(int), nothing, nothing, nothing)

    found = truncation.report(crops, scored, size=20)

    assert found["cut_all"][0] == pytest.approx(2 / 3, abs=1e-4)
    assert found["cut_hem"][:2] == [0, 0]
    assert found["cut_hem"][2] > 0.3
