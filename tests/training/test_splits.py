import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from training.cells import Cell
from training.recipe import EACH_PERSON
from training.splits import few_of_each, partition, refuse_shared

pytestmark = pytest.mark.tensorflow


def cell(number, *, subject, label):
    return Cell(f"{number}.bmp", subject, subject, label, "fold_0", f"{number:064x}", 1000, 1.0, 1.0, 1.0)


def cells_of(sizes_hem, sizes_all):
    found: list[Cell] = []
    for label, prefix, sizes in (("HEM", "H", sizes_hem), ("ALL", "", sizes_all)):
        for subject, size in enumerate(sizes):
            found += [cell(len(found) + n, subject=f"{prefix}{subject}", label=label) for n in range(size)]
    return found


sizes = st.lists(st.integers(1, 30), min_size=3, max_size=12)


@settings(deadline=None, max_examples=40)
@given(sizes, sizes, st.integers(0, 5))
def test_no_subject_group_is_ever_in_two_folds(sizes_hem, sizes_all, seed):
    cells = cells_of(sizes_hem, sizes_all)

    try:
        folds = partition(cells, folds=3, seed=seed)
    except Invalid:
        assume(False)
        return

    seen: dict[str, int] = {}
    for one, fold in zip(cells, folds.tolist(), strict=True):
        assert seen.setdefault(one.group, fold) == fold
    assert set(folds.tolist()) == {0, 1, 2}


def test_every_person_is_a_fold_whoever_shares_a_class_with_few():
    cells = cells_of([5, 1], [2, 7, 3])

    folds = partition(cells, folds=EACH_PERSON, seed=4)

    assert len(set(zip(folds.tolist(), [one.group for one in cells], strict=True))) == len(set(folds.tolist())) == 5


def test_the_only_person_of_a_class_cannot_be_left_out():
    with pytest.raises(Invalid, match="takes two subject groups of class HEM; there are 1"):
        partition(cells_of([5], [5, 5]), folds=EACH_PERSON, seed=0)


def test_a_class_with_too_few_subjects_for_the_folds_is_refused():
    with pytest.raises(Invalid, match="3 folds need 3 subject groups of class HEM; there are 2"):
        partition(cells_of([5, 5], [5, 5, 5]), folds=3, seed=0)


def test_a_group_in_two_folds_is_refused_by_name():
    with pytest.raises(Invalid, match="Subject group H3 lies in folds 0 and 2"):
        refuse_shared(["H3", "7", "H3"], [0, 1, 2])


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    cells = cells_of([9, 7, 8, 5, 6, 4, 9], [9, 7, 8, 5, 6, 4, 9])

    folds = [partition(cells, folds=3, seed=seed).tolist() for seed in (1, 1, 2)]

    assert folds[0] == folds[1] != folds[2]


def test_each_seed_puts_other_people_together_even_where_few_large_ones_stand_out():
    cells = cells_of([510, 200, 150, *range(4, 20)], [480, 300, 250, *range(4, 30)])
    groups = np.array([one.group for one in cells])
    _, first = np.unique(groups, return_index=True)

    folds = [partition(cells, folds=3, seed=seed)[first] for seed in range(6)]

    for one, other in itertools.combinations(folds, 2):
        together = np.mean((one[:, None] == one) == (other[:, None] == other))
        assert 0.45 < together < 0.75  # independent ones agree on 5/9 of the pairs


def test_no_fold_is_left_with_large_people_only():
    cells = cells_of([510, 500, 150, *range(4, 20)], [480, 300, 250, *range(4, 30)])
    groups = {one.group: one.label for one in cells}
    _, first = np.unique([one.group for one in cells], return_index=True)

    for seed in range(6):
        folds = partition(cells, folds=3, seed=seed)[first]
        healthy = np.array([groups[cells[place].group] == "HEM" for place in first])
        assert np.bincount(folds[healthy], minlength=3).min() >= 3
        assert np.bincount(folds[~healthy], minlength=3).min() >= 4


def test_of_each_subject_at_most_so_many_cells_are_chosen_and_all_where_it_has_no_more():
    subjects = np.array(["1"] * 100 + ["H1"] * 3 + ["1"] * 7 + ["H2"] * 10)

    chosen = few_of_each(subjects, most=10)

    assert {name: int(chosen[subjects == name].sum()) for name in ("1", "H1", "H2")} == {"1": 10, "H1": 3, "H2": 10}


def test_the_chosen_cells_are_spread_over_the_subject_and_are_the_same_every_time():
    subjects = np.array(["1"] * 100)

    chosen = few_of_each(subjects, most=4)

    assert np.flatnonzero(chosen).tolist() == [0, 33, 66, 99]
    assert np.array_equal(chosen, few_of_each(subjects, most=4))
