import numpy as np
import pytest

from app.errors import Invalid
from tests.training.people import scored
from training import metrics
from training.bootstrap import (
    AT_ONCE,
    Estimate,
    Stated,
    bootstrap_weights,
    estimate,
    estimate_error,
    paired_difference,
    resampled,
)

pytestmark = pytest.mark.tensorflow


def test_an_interval_counts_subjects_and_is_wider_than_one_that_counts_cells():
    few, many = scored(subjects=8, cells=75), scored(subjects=60, cells=10)

    intervals = [estimate(metrics.auc, one, draws=200) for one in (few, many)]

    assert all(one.low < one.value < one.high for one in intervals)
    assert intervals[0].high - intervals[0].low > intervals[1].high - intervals[1].low


def test_an_error_that_every_draw_raises_lies_within_its_own_interval():
    error = metrics.macro(metrics.calibration_error)
    cells = scored(subjects=12, cells=40)

    plain, moved = estimate(error, cells), estimate_error(error, cells)

    assert moved.value == plain.value
    assert plain.low - moved.low > 0.005
    assert 0 <= moved.low < moved.value < moved.high
    assert moved.high - moved.low == pytest.approx(plain.high - plain.low, abs=0.01)


def test_an_end_of_a_difference_shows_its_sign_where_three_digits_would_hide_it():
    assert Estimate(-0.0012, -0.0049, -0.0003).signed() == "-0.001 (-0.005 to -0.0003)"
    assert Estimate(0.0, 0.0, 0.0).signed() == "+0.000 (+0.000 to +0.000)"


def test_the_weight_of_a_group_is_the_number_of_times_it_was_drawn_cell_by_cell():
    cells = scored(subjects=5, cells=4)
    rng = np.random.default_rng(9)

    (draws,) = bootstrap_weights(cells, draws=3, seed=9)

    for row in draws:
        for is_all in (False, True):
            names = sorted(set(cells.groups[cells.is_all == is_all].tolist()))
            drawn = [names[number] for number in rng.integers(len(names), size=len(names))]
            for place in np.flatnonzero(cells.is_all == is_all):
                assert row[place] == drawn.count(cells.groups[place])


def test_of_a_result_and_itself_the_paired_difference_is_nothing():
    cells = scored()

    difference = paired_difference(metrics.auc, cells, cells, draws=50)

    assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def test_cells_of_one_class_have_no_figure_about_two():
    cells = scored()

    with pytest.raises(Invalid, match="one class only"):
        estimate(metrics.auc, cells.of(cells.is_all))


def test_draws_come_a_few_at_a_time_and_are_those_of_all_at_once():
    cells = scored(skill=1.0)
    weights = np.concatenate([*bootstrap_weights(cells, draws=AT_ONCE + 7, seed=3)])

    found = resampled(Stated(metrics.auc, cells), cells, draws=AT_ONCE + 7, seed=3)

    assert found == pytest.approx(metrics.auc(cells, weights), abs=1e-12)
