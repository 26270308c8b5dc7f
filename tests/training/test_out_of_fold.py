"""Which cells a figure may be of: those of people whom no network that scored them had met under any name."""

import dataclasses

import numpy as np
import pytest

from tests.training.people import cells_of
from training import results
from training.out_of_fold import scored_if_finished
from training.splits import GroupShared, partition

pytestmark = pytest.mark.tensorflow

CELLS = cells_of(12)
FOLDS = partition(CELLS, folds=3, seed=0)


def rows(cells=CELLS):
    noise = np.random.default_rng(0).normal(size=len(CELLS))
    scored = zip(cells, FOLDS.tolist(), noise.tolist(), strict=False)
    return [results.Row(cell.sha256, 0, fold, logit) for cell, fold, logit in scored]


def called_one(*subjects):
    return [dataclasses.replace(cell, group="one" if cell.subject in subjects else cell.group) for cell in CELLS]


def fold_of(subject):
    return next(int(fold) for cell, fold in zip(CELLS, FOLDS, strict=True) if cell.subject == subject)


def pair(*, of_one_fold):
    names = sorted({cell.subject for cell in CELLS if cell.label == "ALL"})
    return next(
        (one, other)
        for one in names
        for other in names
        if one < other and (fold_of(one) == fold_of(other)) == of_one_fold
    )


def test_where_everybody_was_tested_in_one_fold_every_cell_has_its_score():
    scored = scored_if_finished(rows(), CELLS, seed=0)

    assert scored
    np.testing.assert_array_equal(scored.logits, [row.logit for row in rows()])
    np.testing.assert_array_equal(scored.folds, FOLDS)


def test_who_was_tested_in_two_folds_under_two_names_is_a_fault_of_the_results():
    with pytest.raises(GroupShared, match="Subject group one lies in folds"):
        scored_if_finished(rows(), called_one(*pair(of_one_fold=False)), seed=0)


def test_who_was_tested_in_one_fold_under_two_names_is_no_fault():
    assert scored_if_finished(rows(), called_one(*pair(of_one_fold=True)), seed=0)


def test_half_a_run_has_no_figures():
    assert scored_if_finished(rows(CELLS[:100]), CELLS, seed=0) is None
    assert scored_if_finished(rows(), CELLS, seed=1) is None


def test_who_was_tested_in_two_folds_under_one_name_is_a_fault_of_the_results():
    first, *others = rows()
    elsewhere = results.Row(first.image_sha256, 0, (first.fold + 1) % 3, first.logit)

    with pytest.raises(GroupShared, match=f"Subject group {CELLS[0].subject} lies in folds"):
        scored_if_finished([elsewhere, *others], CELLS, seed=0)
