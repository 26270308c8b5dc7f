import numpy as np
import pytest

from app.vision.drawn import Look, draw
from app.vision.heatmap import overlay
from app.vision.preprocess import cell_mask


@pytest.fixture(scope="module")
def cell():
    return draw(2, Look.BLAST)


def test_what_speaks_for_all_turns_red_and_what_speaks_against_it_blue(cell):
    cam = np.full((7, 7), 4, np.float32)
    cam[:, :3] = -4

    seen = overlay(cell, cam, size=224)

    change = seen.astype(int) - cell
    assert change[200:250, 260:300, 0].mean() > 30 > change[200:250, 260:300, 2].mean()
    assert change[200:250, 150:190, 2].mean() > 30 > change[200:250, 150:190, 0].mean()


def test_nothing_is_coloured_outside_the_cell(cell):
    seen = overlay(cell, np.full((7, 7), 9, np.float32), size=224)

    outside = ~cell_mask(cell)
    assert np.array_equal(seen[outside], cell[outside])


def test_a_map_that_says_nothing_leaves_the_image_alone(cell):
    assert np.array_equal(overlay(cell, np.zeros((7, 7), np.float32), size=224), cell)


def test_a_cell_at_the_edge_of_its_image_is_coloured_where_it_lies(cell):
    moved = cell[150:, 150:]

    seen = overlay(moved, np.full((7, 7), 9, np.float32), size=224)

    assert seen.shape == moved.shape
    assert not np.array_equal(seen, moved)


def test_an_image_without_a_cell_is_given_back():
    empty = np.zeros((40, 40, 3), np.uint8)

    assert np.array_equal(overlay(empty, np.ones((7, 7), np.float32), size=224), empty)
