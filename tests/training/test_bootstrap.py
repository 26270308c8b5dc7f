import numpy as np
import pytest

from app.errors import Invalid
from tests.training.people import scored
from training import metrics
from training.bootstrap import AT_ONCE, Stated, bootstrap_weights, estimate, paired_difference, resampled

pytestmark = pytest.mark.tensorflow


def test_an_interval_counts_subjects_and_is_wider_than_one_that_counts_cells():
    few, many = scored(subjects=8, cells=75), scored(subjects=60, cells=10)

    intervals = [estimate(metrics.auc, one, draws=200) for one in (few, many)]

    assert all(one.low < one.value < one.high for one in intervals)
    assert intervals[0].high - intervals[0].low > intervals[1].high - intervals[1].low


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
