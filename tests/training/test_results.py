import json

import pytest

from training import results

pytestmark = pytest.mark.tensorflow

OWN = {"recipe_fingerprint": "4abab2527af0", "data_fingerprint": "0" * 64}
FOUND = [{"shift": "red x .9", "auc": 0.8, "auc_change": [-0.1, -0.2, 0.0]}]


def test_a_shift_test_comes_back_to_the_recipe_and_cells_that_it_is_of(tmp_path):
    path = results.shifts_path("texture3", folder=tmp_path)

    results.write_shifts(FOUND, path, made_from=OWN)

    assert path.name == "texture3.shifts.json"
    assert results.shifts(path, made_from={**OWN, "cells": 6211}) == FOUND


@pytest.mark.parametrize("other", ["recipe_fingerprint", "data_fingerprint"])
def test_a_shift_test_of_an_earlier_recipe_or_of_other_cells_is_refused_with_what_to_do(tmp_path, other):
    path = results.shifts_path("texture3", folder=tmp_path)
    results.write_shifts(FOUND, path, made_from={**OWN, other: "another"})

    with pytest.raises(results.ShiftsDoNotFit, match=r"texture3\.shifts\.json is of .* Run .*evaluate --shifts"):
        results.shifts(path, made_from=OWN)


def test_a_shift_test_that_says_not_what_it_is_of_is_refused_too(tmp_path):
    path = results.shifts_path("texture3", folder=tmp_path)
    path.write_text(json.dumps(FOUND))

    with pytest.raises(results.ShiftsDoNotFit):
        results.shifts(path, made_from=OWN)


def test_where_the_shift_test_was_not_run_there_is_none(tmp_path):
    assert results.shifts(tmp_path / "texture3.shifts.json", made_from=OWN) == []


def test_a_shift_test_is_written_in_json_that_everybody_reads_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        results.write_shifts([{"auc": float("nan")}], tmp_path / "x.shifts.json", made_from=OWN)
