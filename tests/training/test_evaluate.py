from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.training.people import scored
from training import evaluate, metrics, trust
from training.cells import Cell
from training.scored import ones, pooled

pytestmark = pytest.mark.tensorflow


def table_of(cells):
    """The table of cells that have these scores."""
    return [
        Cell(
            f"{n}.bmp",
            subject,
            group,
            "ALL" if is_all else "HEM",
            "f",
            f"{n:064x}",
            30_000 + 7 * n % 900,
            90,
            40 + n % 7,
            90,
        )
        for n, (subject, group, is_all) in enumerate(zip(cells.subjects, cells.groups, cells.is_all, strict=True))
    ]


def test_reliability_tells_of_every_cell_once_and_of_shares_that_rise_with_the_probability():
    cells = scored(subjects=30, skill=3)

    bins = evaluate.reliability(cells, bins=5)

    assert sum(one["cells"] for one in bins) == len(cells.logits)
    assert [bins[0]["from"], bins[-1]["to"]] == [0.0, 1.0]
    assert all(before["to"] == after["from"] for before, after in pairwise(bins))
    assert bins[0]["all_share"][0] < 0.2
    assert bins[-1]["all_share"][0] > 0.8


def test_what_is_served_is_fitted_on_all_partitions_and_every_cell_is_told_of_once():
    poor, good = scored(subjects=30, skill=1.0), scored(subjects=30, skill=4.0)
    pool = pooled([poor, good])

    alone, together = (evaluate.report(poor, table_of(poor), seed=0, pool=one) for one in (None, pool))

    assert sum(one["cells"] for one in together["reliability"]) == pytest.approx(len(poor.logits), abs=10)
    assert together["figures"]["auc"] == alone["figures"]["auc"]
    assert together["bands"]["uncertain_share"][0] < alone["bands"]["uncertain_share"][0]
    assert [one["cells"] for one in together["by_subject"]] == [one["cells"] for one in alone["by_subject"]]
    slopes = [trust.calibration(one).slope for one in (poor, good, pool)]
    assert min(slopes[:2]) < slopes[2] < max(slopes[:2])


def test_a_bin_all_of_whose_cells_are_of_one_class_is_as_certain_as_its_groups_are_many():
    cells = scored(subjects=20, skill=8)
    cells = replace(cells, probabilities=1 / (1 + np.exp(-cells.logits)))

    first, *_, last = evaluate.reliability(cells, bins=5)

    assert [first["all_share"][0], last["all_share"][0]] == [0, 1]
    groups = len(set(cells.groups[cells.probabilities < first["to"]].tolist()))
    assert first["all_share"] == [0, 0, round(metrics.binomial_interval(0, groups)[1], 6)]
    assert 0.1 < first["all_share"][2] < 0.5
    assert 0.5 < last["all_share"][1] < 0.9
    assert last["all_share"][2] == 1


def test_conformal_sets_of_unseen_subjects_hold_their_class_as_often_as_was_asked():
    served = trust.as_served(scored(skill=1.5))

    shares = evaluate.shares_of_sets(served)
    found = {
        name: metrics.macro(metrics.share(*one))(served.scored, ones(served.scored)) for name, one in shares.items()
    }

    assert min(found["covered_hem"], found["covered_all"]) > 0.8
    assert 0 < found["both_share"] < 1
    assert found["neither_share"] == pytest.approx(0, abs=0.1)


def test_bands_that_missed_nobody_are_no_certainty_of_the_next_person():
    cells = scored(subjects=40, skill=30)

    found = evaluate.report(cells, table_of(cells), seed=0)

    assert found["bands"]["not_suspected_miss_rate"][:2] == [0, 0]
    assert found["bands"]["not_suspected_miss_rate"][2] == round(metrics.binomial_interval(0, 40)[1], 6)
    assert found["bands"]["suspected_precision"][0] == found["bands"]["suspected_precision"][2] == 1
    assert 0.8 < found["bands"]["suspected_precision"][1] < 1
