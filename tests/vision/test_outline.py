"""How straight an outline is at its straightest, on shapes whose straight parts are known."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from app.vision.outline import _outline, straightest
from app.vision.preprocess import cell_mask
from tests.vision.test_quality import DRAWN

Y, X = np.mgrid[:200, :200] - 100.0
DISC = X * X + Y * Y < 80**2


@pytest.mark.parametrize("degrees", range(0, 360, 23))
def test_a_disc_that_was_halved_is_straight_along_its_cut_whichever_way_that_lies(degrees):
    turned = np.radians(degrees)
    half = DISC & (X * np.cos(turned) + Y * np.sin(turned) > 0)

    assert straightest(half) == pytest.approx(160 / (160 / np.sqrt(2)), rel=0.04)


def test_a_disc_is_hardly_straight_anywhere_and_a_square_is_along_its_sides():
    assert straightest(DISC) < 0.35
    square = (abs(X) < 60) & (abs(Y) < 60)
    assert straightest(square) == pytest.approx(119 / (2 * np.sqrt(119**2 / np.pi)), rel=0.02)


def test_two_bumps_that_touch_one_line_are_no_straight_edge():
    cleft = DISC & ~((abs(X) < 50) & (Y < -20))

    assert straightest(cleft) < 0.7


@pytest.mark.parametrize("mask", [np.zeros((9, 9), bool), np.eye(1, dtype=bool), np.ones((1, 9), bool)])
def test_what_has_no_area_to_speak_of_is_not_measured(mask):
    assert straightest(mask) == 0.0


def test_how_large_an_object_is_and_where_it_lies_makes_no_difference():
    half = DISC & (X > 0)
    larger = half.repeat(2, axis=0).repeat(2, axis=1)

    assert straightest(np.roll(half, (9, -30), axis=(0, 1))) == pytest.approx(straightest(half))
    assert straightest(larger) == pytest.approx(straightest(half), rel=0.02)


@pytest.mark.parametrize("seed", range(40))
def test_the_hull_is_what_every_point_lies_on_or_within_also_where_rows_between_are_empty(seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((40, 40), bool)
    mask[rng.integers(0, 40, 25), rng.integers(0, 40, 25)] = True

    outline, hull = _outline(mask)

    expected = outline[ConvexHull(outline).vertices]
    assert {tuple(one) for one in expected} <= {tuple(one) for one in hull}
    sides = np.roll(hull, -1, axis=0) - hull
    turns = sides[:, 0, None] * (outline[:, 1] - hull[:, 1, None]) - sides[:, 1, None] * (
        outline[:, 0] - hull[:, 0, None]
    )
    assert (turns >= 0).all() or (turns <= 0).all()


def test_an_object_larger_than_any_cell_costs_nothing():
    assert straightest(np.ones((2001, 9), bool)) == 0.0


def test_drawn_cells_are_not_cut():
    assert max(straightest(cell_mask(pixels)) for pixels in DRAWN) < 0.7
