import itertools
import math
import re

import numpy as np
import pytest

from app.screening.explanation import view_around
from app.screening.marks import direction, marks
from app.vision.drawn import Look, draw
from app.vision.morphology import measure
from app.vision.preprocess import cell_mask


@pytest.mark.parametrize("seed", [5, 31, 33, 47])
def test_numbers_do_not_lie_on_each_other(seed):
    found = marks(measure(draw(seed, Look.BLAST)), scale=0.55)

    places = [(one.label_x, one.label_y) for one in found.clefts + found.spots]
    near = [math.dist(one, other) for one, other in itertools.combinations(places, 2)]
    assert min(near, default=99) > found.label_radius


def test_clefts_come_first_and_spots_count_on():
    pixels = draw(31, Look.BLAST)
    pixels[:225, 220:226] = 0

    found = marks(measure(pixels), scale=1)

    assert found.clefts
    numbers = [one.number for one in found.clefts + found.spots]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(re.search(r"px (deep|across), (at the|near the)", one.told) for one in found.clefts + found.spots)


@pytest.mark.parametrize(
    ("across", "down", "told"),
    [(0, 0, "near the middle"), (-1, -1, "at the upper left"), (0.9, 0.1, "at the right"), (0, 1, "at the bottom")],
)
def test_a_place_has_words(across, down, told):
    assert direction(across, down, least=0.33) == told


def test_the_whole_cell_and_the_network_s_square_are_in_view_wherever_the_cell_lies():
    pixels = draw(31, Look.BLAST)
    moved = np.zeros((600, 900, 3), np.uint8)
    moved[10:460, 440:890] = pixels
    mask = cell_mask(moved)

    view = view_around(mask, size=224)

    rows, columns = np.nonzero(mask)
    assert view.x <= columns.min()
    assert view.y <= rows.min()
    assert columns.max() < view.x + view.side < 900
    assert rows.max() < view.y + view.side < 600
    assert 224 < view.side < 450


def test_an_image_that_is_hardly_larger_than_its_cell_is_shown_whole():
    pixels = np.ascontiguousarray(draw(31, Look.BLAST)[100:350, 100:350])

    view = view_around(cell_mask(pixels), size=224)

    assert (view.x, view.y, view.side) == (0, 0, 250)
