import json

import pytest

from tests.training.people import scored
from training import asked, kept_shifts, metrics, results
from training.out_of_fold import scored_by_seed
from training.scored import ones
from training.shifts import SHIFTS

pytestmark = pytest.mark.tensorflow

OWN = {"recipe_fingerprint": "4abab2527af0", "data_fingerprint": "0" * 64}
FOUND = [{"shift": "red x .9", "auc": 0.8, "auc_change": [-0.1, -0.2, 0.0]}]


def test_a_shift_test_comes_back_to_the_recipe_and_cells_that_it_is_of(tmp_path):
    path = kept_shifts.path_of("texture3", folder=tmp_path)

    kept_shifts.write(FOUND, path, made_from=OWN)

    assert path.name == "texture3.shifts.json"
    assert kept_shifts.read(path, made_from={**OWN, "cells": 6211}) == FOUND


@pytest.mark.parametrize("other", ["recipe_fingerprint", "data_fingerprint"])
def test_a_shift_test_of_an_earlier_recipe_or_of_other_cells_is_refused_with_what_to_do(tmp_path, other):
    path = kept_shifts.path_of("texture3", folder=tmp_path)
    kept_shifts.write(FOUND, path, made_from={**OWN, other: "another"})

    with pytest.raises(kept_shifts.ShiftsDoNotFit, match=r"texture3\.shifts\.json is of .* Run .*evaluate --shifts"):
        kept_shifts.read(path, made_from=OWN)


def test_a_shift_test_that_says_not_what_it_is_of_is_refused_too(tmp_path):
    path = kept_shifts.path_of("texture3", folder=tmp_path)
    path.write_text(json.dumps(FOUND))

    with pytest.raises(kept_shifts.ShiftsDoNotFit):
        kept_shifts.read(path, made_from=OWN)


def test_where_the_shift_test_was_not_run_there_is_none(tmp_path):
    assert kept_shifts.read(tmp_path / "texture3.shifts.json", made_from=OWN) == []


def test_a_shift_test_is_written_in_json_that_everybody_reads_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        kept_shifts.write([{"auc": float("nan")}], tmp_path / "x.shifts.json", made_from=OWN)


def whole(cells, *, seed):
    """A row for each shift, of networks that say of all these cells what they said before."""
    auc = round(float(metrics.auc(cells, ones(cells))), 4)
    return [{"shift": name, "seed": seed, "cells": len(cells.logits), "auc": auc} for name in SHIFTS]


@pytest.mark.parametrize(
    ("other", "fits"), [({}, True), ({"auc": 0.5}, False), ({"cells": 12}, False), ({"seed": 4}, False)]
)
def test_a_shift_test_of_networks_of_other_folds_is_refused(tmp_path, other, fits):
    cells = scored(subjects=10)
    rows = [{**one, **other} for one in whole(cells, seed=3)]
    path = kept_shifts.path_of("texture3", folder=tmp_path)
    kept_shifts.write(rows, path, made_from=OWN)

    if fits:
        assert kept_shifts.read_of(path, {3: cells}, made_from=OWN) == rows
    else:
        with pytest.raises(kept_shifts.ShiftsDoNotFit, match="learned in other folds"):
            kept_shifts.read_of(path, {3: cells}, made_from=OWN)


@pytest.mark.parametrize(
    "kept",
    [
        lambda rows: rows[:1],
        lambda rows: rows[1:],
        lambda rows: rows[: len(SHIFTS)],
        lambda rows: rows[:-1],
        lambda rows: [*rows[:-1], {**rows[-1], "cells": 12}],
    ],
    ids=["one", "none unchanged", "one partition", "all but one", "one of few cells"],
)
def test_a_shift_test_of_which_rows_are_missing_is_not_taken_for_a_whole_one(tmp_path, kept):
    on = {seed: scored(subjects=10, seed=seed) for seed in (0, 3, 4)}
    rows = [*whole(on[3], seed=3), *whole(on[4], seed=4)]
    path = kept_shifts.path_of("texture3", folder=tmp_path)
    kept_shifts.write(rows, path, made_from=OWN)
    assert kept_shifts.read_of(path, on, made_from=OWN) == rows

    kept_shifts.write(kept(rows), path, made_from=OWN)

    with pytest.raises(kept_shifts.ShiftsDoNotFit, match=r"is no whole shift test: .* Run .*evaluate --shifts"):
        kept_shifts.read_of(path, on, made_from=OWN)


COMMITTED = sorted(path.name.removesuffix(".shifts.json") for path in asked.RESULTS.glob("*.shifts.json"))


@pytest.fixture(scope="module")
def committed_cells():
    return results.cells_beside(asked.RESULTS)


@pytest.mark.parametrize("name", COMMITTED)
def test_a_committed_shift_test_is_of_the_networks_whose_scores_lie_beside_it(name, committed_cells):
    on = scored_by_seed(results.read(asked.RESULTS / f"{name}.csv"), committed_cells)
    own = results.record(asked.RESULTS / f"{name}.json")

    found = kept_shifts.read_of(kept_shifts.path_of(name, folder=asked.RESULTS), on, made_from=own)

    assert found
