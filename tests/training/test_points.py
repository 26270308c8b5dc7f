"""Curves, confusion and predictive values against small examples that were worked out by hand."""

import numpy as np
import pytest

from training import evaluate, metrics, points, trust
from training.scored import Scored, ones

pytestmark = pytest.mark.tensorflow


def scored(said, *, subjects):
    """Cells of subjects (H.. is healthy) with these probabilities, which stand for logits too."""
    names, probabilities = np.array(subjects), np.array(said)
    is_all = np.array([not name.startswith("H") for name in subjects])
    return Scored(is_all, names, names, np.zeros(len(said), int), probabilities, np.ones(len(said)), probabilities)


@pytest.fixture
def six():
    """By falling probability: ALL, ALL, normal, ALL, normal, normal; each of another person."""
    return scored([0.9, 0.8, 0.7, 0.6, 0.4, 0.05], subjects=["1", "2", "H1", "3", "H2", "H3"])


def test_the_roc_curve_climbs_by_each_cell_of_all_and_goes_right_by_each_normal_one(six):
    curve = points.roc(six)

    assert list(zip(curve["one_less_specificity"], curve["sensitivity"], strict=True)) == [
        (0, 0),
        (0, 0.3333),
        (0, 0.6667),
        (0.3333, 0.6667),
        (0.3333, 1),
        (1, 1),
    ]


def test_precision_is_the_share_of_all_among_what_is_called_so_at_each_step_of_sensitivity(six):
    curve = points.precision_recall(six)

    found = dict(zip(curve["sensitivity"], curve["precision"], strict=True))
    assert (curve["sensitivity"][0], curve["precision"][0]) == (1, 0.5)  # everything is called ALL
    assert found[0.6667] == 1  # the two surest
    assert (1, 0.75) in zip(curve["sensitivity"], curve["precision"], strict=True)  # three of the four surest
    assert found[0.3333] == 1
    assert 0 not in found  # where nothing is called ALL there is no precision


def test_risk_is_the_share_of_wrong_calls_among_the_surest_and_equally_sure_cells_go_together(six):
    curve = points.risk_coverage(six)

    # By certainty: .05 right | .9 right | .8 right | .7 wrong | .6 and .4, both right and equally sure.
    assert curve["coverage"] == [0.1667, 0.3333, 0.5, 0.6667, 1]
    assert curve["risk"] == [0, 0, 0, 0.25, pytest.approx(1 / 6, abs=1e-4)]


def test_in_the_risk_a_person_with_many_cells_counts_no_more_than_one_with_few():
    cells = scored([0.9, 0.9, 0.9, 0.2, 0.1], subjects=["1", "1", "1", "2", "H1"])

    curve = points.risk_coverage(cells)

    assert curve["risk"][-1] == 0.25  # one of two persons with ALL, whose class counts half


def test_where_every_cell_is_scored_alike_there_is_one_choice_to_keep_all_or_none():
    curve = points.risk_coverage(scored([0.7] * 4, subjects=["1", "2", "H1", "H2"]))

    assert curve == {"coverage": [1], "risk": [0.5]}


def test_the_confusion_counts_each_cell_where_truth_and_call_meet(six):
    assert evaluate.confusion(six) == {
        "all_called_all": 3,
        "all_called_hem": 0,
        "hem_called_all": 1,
        "hem_called_hem": 2,
    }


def test_the_figures_of_a_confusion_are_those_of_its_counts(six):
    whole = ones(six)

    assert metrics.sensitivity(six, whole) == 1
    assert metrics.specificity(six, whole) == pytest.approx(2 / 3)
    assert metrics.precision(six, whole) == 0.75
    f1_of_all, f1_of_normal = 2 * 3 / (3 + 4), 2 * 2 / (3 + 2)
    assert metrics.weighted_f1(six, whole) == pytest.approx((f1_of_all + f1_of_normal) / 2)
    assert metrics.brier(six, whole) == pytest.approx((0.01 + 0.04 + 0.49 + 0.16 + 0.16 + 0.0025) / 6)


def test_the_calibration_error_is_the_mean_gap_between_what_is_said_and_what_holds():
    cells = scored([0.2, 0.2, 0.2, 0.2, 0.9, 0.9, 0.9, 0.9], subjects=["H1", "H1", "H1", "1", "1", "1", "1", "H1"])

    assert metrics.calibration_error(cells, ones(cells), bins=2) == pytest.approx((0.05 + 0.15) / 2)


def test_predictive_values_are_those_of_a_thousand_cells_counted_out():
    # Of 100 with ALL 90 are called so, of 900 without 180 are.
    ppv, npv = metrics.predictive_values(np.array(0.9), np.array(0.8), prevalence=0.1)

    assert ppv == pytest.approx(90 / 270)
    assert npv == pytest.approx(720 / 730)


def test_predictive_values_at_a_prevalence_lie_within_their_intervals(six):
    ten, half = evaluate.at_prevalence(six, [0.1, 0.5])

    assert half["ppv"][0] == pytest.approx(0.75)  # sensitivity 1, specificity 2/3
    assert ten["ppv"][0] == pytest.approx(0.1 / (0.1 + 0.9 / 3), abs=1e-4)
    assert half["ppv"][1] < half["ppv"][0] < half["ppv"][2]
    assert half["npv"] == [1, 1, 1]


def test_what_calls_everything_all_has_no_negative_value_to_predict():
    cells = scored([0.9] * 4, subjects=["1", "2", "H1", "H2"])

    (found,) = evaluate.at_prevalence(cells, [0.25])

    assert found == {"prevalence": 0.25, "ppv": [0.25, 0.25, 0.25], "npv": [None, None, None]}


def test_each_persons_share_of_right_calls_has_an_interval_over_its_cells():
    said = [0.1] * 9 + [0.9] + [0.1] * 40 + [0.9] * 3
    cells = scored(said, subjects=["H1"] * 10 + ["H2"] * 40 + ["1"] * 3)

    marks = [cells.probabilities < 0.5, cells.probabilities >= 0.95, cells.is_all, cells.is_all]

    found = {one["subject"]: one for one in evaluate.by_subject(cells, trust.Served(cells, *marks))}

    assert found["H1"]["right"] == 0.9
    assert found["H1"]["right_interval"] == [0.5958, 0.9821]  # Wilson's, 9 of 10
    assert found["H2"]["right_interval"][1] == 1
    assert 0.9 < found["H2"]["right_interval"][0] < 1
    assert found["1"]["right_interval"][0] < 0.5  # three cells say little
    assert [found[name]["not_suspected"] for name in ("H1", "H2", "1")] == [0.9, 1, 0]
    assert [one["suspected"] for one in found.values()] == [0, 0, 0]
