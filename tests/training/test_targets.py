"""A target is met by value, shown, or not met, and what was not run is not claimed."""

import numpy as np
import pytest

from tests.training.people import scored
from training import targets
from training.bootstrap import Difference
from training.targets import Gain

RECORD = {"folds": [{"parameters": 471}], "milliseconds": 1.9, "road_milliseconds": 2.6}
SHIFT = {"shift": "red x .9", "seed": 4, "auc_change": [-0.03, -0.05, -0.01], "specificity_change": [0.05, 0.0, 0.1]}


def rows(gains=None, *, shifts=(), record=RECORD, skill=1.5):
    page = targets.lines("ours", gains or {}, {3: scored(skill=skill)}, record=record, shifts=shifts)
    return {line.split(" | ")[0].strip("| "): line for line in page if line.startswith("| ")}


def gain(low, value, high, *, learned=True, draws=None):
    found = Difference(value, low, high, np.array(draws or [low, value, high]))
    return Gain(found, found, found, auc_within=found, floor_matched_within=found, learned=learned)


@pytest.mark.parametrize(
    ("found", "met"),
    [((0.05, 0.1, 0.2), "shown"), ((-0.05, 0.1, 0.2), "by value"), ((-0.2, -0.1, 0.1), "no")],
)
def test_one_earlier_network_that_is_not_beaten_leaves_the_target_open(found, met):
    row = rows({"schneider": gain(*found), "carpenter_1c1d": gain(0.3, 0.4, 0.5)})[
        "floor-matched AUC above every earlier network"
    ]

    assert f"| {met} |" in row
    assert "over schneider" in row
    assert ("Not shown against: schneider." in row) == (met != "shown")


def test_gains_on_other_partitions_have_rows_of_their_own_where_an_earlier_network_was_run_there():
    others = {3: {"schneider": gain(-0.05, 0.1, 0.2)}, 13: {"features_svm": gain(0.1, 0.2, 0.3)}}

    page = targets.lines("ours", {}, {}, record=RECORD, shifts=(), gains_on=others)

    told = [line for line in page if "them, partition" in line or "ones, partition" in line]
    assert [line.split(" | ")[:2] for line in told] == [
        ["| floor-matched AUC above the earlier ones, partition 3", "by value"],
        ["| AUC, pooled, not below them, partition 3", "by value"],
    ]


def test_what_is_no_earlier_network_does_not_count():
    row = rows({"features_svm": gain(-0.2, -0.1, 0.1)})["AUC, pooled, not below any earlier network"]

    assert "no earlier network has been run" in row


def test_a_shift_beyond_its_limit_is_not_met_and_one_that_was_not_run_is_not_claimed():
    little = {**SHIFT, "shift": "blue x .9", "seed": 3, "auc_change": [-0.01, -0.04, 0.0]}
    auc, specificity = (
        "AUC falls by at most 0.02 under a shift",
        "specificity at the fixed threshold falls by at most 0.1 under a shift",
    )
    both, one = rows(shifts=[little, SHIFT]), rows(shifts=[little])

    assert "| no | -0.030 (-0.050 to -0.010) at worst: red x .9, partition 4 |" in both[auc]
    assert "| by value | -0.010 (-0.040 to +0.000) at worst: blue x .9, partition 3 |" in one[auc]
    assert "| shown | +0.050 (+0.000 to +0.100) at worst: " in both[specificity]
    assert "| - | was not run |" in rows()["shift test"]


def test_what_a_shift_costs_with_every_person_left_out_alone_stands_beside_the_partitions():
    alone = {**SHIFT, "auc_change": [-0.01, -0.015, 0.0]}

    page = targets.lines("ours", {}, {}, record=RECORD, shifts=[SHIFT], shifts_elsewhere={targets.ALONE: [alone]})

    of_auc = [line.split(" under a shift")[1] for line in page if line.startswith("| AUC falls by at most 0.02")]
    assert of_auc == [
        " | no | -0.030 (-0.050 to -0.010) at worst: red x .9, partition 4 |",
        ", every person left out alone | shown | -0.010 (-0.015 to +0.000) at worst: red x .9 |",
    ]


def test_a_network_that_has_learned_nothing_is_counted_apart():
    never = gain(0.2, 0.3, 0.4, learned=False)
    found = rows({"schneider": gain(-0.05, 0.1, 0.2), "carpenter_1c1d": gain(0.3, 0.4, 0.5), "transfer_vgg16": never})

    told = found["AUC, pooled, not below any earlier network"]
    assert "shown against 2 of 3, and of the 2 that rank above chance themselves against 1; above all" in told


def test_ours_is_above_all_at_once_only_in_draws_where_it_is_above_each():
    first, second = [0.1] * 8 + [-0.1] * 2, [-0.1] + [0.1] * 9
    found = rows({"schneider": gain(0.0, 0.1, 0.2, draws=first), "anna": gain(0.0, 0.2, 0.3, draws=second)})

    assert "; above all at once in 70 % of draws." in found["floor-matched AUC above every earlier network"]


def test_ranking_is_wanted_in_words_that_follow_the_interval():
    assert "| shown |" in rows(skill=9.0)["wanted: AUC 0.93, partition 3"]
    assert "| no |" in rows(skill=1.0)["wanted: AUC 0.93, partition 3"]


def test_what_is_wanted_is_told_of_the_partitions_for_reporting_and_of_no_other():
    page = targets.lines("ours", {}, dict.fromkeys((*range(5), 13), scored(skill=1.0)), record=RECORD, shifts=())

    wanted = [line.split(" | ")[0].strip("| ") for line in page if line.startswith(("| wanted", "| dreamt of"))]
    assert wanted == [
        f"{figure}, partition {seed}"
        for seed in (3, 4, 13)
        for figure in (
            "wanted: AUC 0.93",
            "wanted: balanced accuracy 0.85",
            "dreamt of: AUC 0.956",
            "dreamt of: balanced accuracy 0.917",
        )
    ]


def test_area_matched_gains_stand_beside_floor_matched_ones():
    row = rows({"schneider": gain(0.05, 0.1, 0.2)})["area-matched AUC, beside it"]

    assert "| shown |" in row


def test_what_is_reached_with_every_person_left_out_alone_stands_beside_the_partitions():
    page = targets.lines(
        "ours", {}, {0: scored(skill=9.0), 3: scored(skill=1.0)}, alone=scored(skill=9.0), record=RECORD, shifts=()
    )

    assert [line.split(" | ")[:2] for line in page if line.startswith("| wanted: AUC")] == [
        ["| wanted: AUC 0.93, partition 3", "no"],
        ["| wanted: AUC 0.93, every person left out alone", "shown"],
    ]


def test_size_and_time_are_said_and_a_time_that_was_not_measured_is_not():
    assert "| yes | 471 |" in rows()["under 3,000,000 parameters"]
    slow = rows(record={**RECORD, "road_milliseconds": 3.2})["at most 3.0 ms"]
    assert "| no | 3.20 ms from RGB pixels to logit, the median; of that 1.90 from the crop on |" in slow
    assert "| yes | 2.60 ms " in rows()["at most 3.0 ms"]
    assert "at most 3.0 ms" not in rows(record={"folds": RECORD["folds"]})


def test_a_calibration_error_is_told_beside_what_chance_gives_exact_probabilities():
    told = rows(skill=1.5)["calibration error at most 0.05, partition 3"]

    served, _, exact = told.partition("; an exact one ")
    assert 0.01 < float(exact.split()[0]) < 0.1
    assert "as served" in served
