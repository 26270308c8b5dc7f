"""What is told of other partitions than the first, and of earlier networks on one by which none was chosen."""

import csv
import json

import numpy as np
import pytest

from tests.training.people import cells_of
from training import kept_shifts, metrics, partitions, results
from training.out_of_fold import scored_by_seed
from training.recipe import seed_in
from training.scored import ones
from training.shifts import SHIFTS
from training.splits import partition

pytestmark = pytest.mark.tensorflow

CELLS = cells_of(12)
TRUTH = np.array([cell.label == "ALL" for cell in CELLS]) - 0.5
NOISE = np.random.default_rng(0).normal(size=len(CELLS))


def write(path, *, skill, seeds, cells=CELLS):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image_sha256", "seed", "fold", "logit"))
        for seed in seeds:
            folds = partition(CELLS, folds=3, seed=seed)
            for cell, fold, sign, one in list(zip(CELLS, folds, TRUTH, NOISE, strict=True))[: len(cells)]:
                writer.writerow((cell.sha256, seed, fold, skill * sign + one))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "ours.csv", skill=3.0, seeds=(0, 3, 4))
    write(tmp_path / "poor_on_3.csv", skill=0.2, seeds=(3,))
    write(tmp_path / "fair_on_3.csv", skill=1.0, seeds=(3,))
    return tmp_path


def contest(folder):
    on = scored_by_seed(results.read(folder / "ours.csv"), CELLS)
    return partitions.contest("ours", on, partitions.finished("ours", on, CELLS, folder=folder), CELLS)


def test_the_partition_is_told_by_the_name_and_by_nothing_that_only_looks_like_it():
    assert seed_in("schneider_on_3") == 3
    assert seed_in("schneider_as_published_on_12") == 12
    assert seed_in("schneider") is None
    assert seed_in("_on_3x") is None


def test_earlier_networks_on_a_partition_stand_below_ours_the_better_first_with_what_ours_has_more(folder):
    lines = contest(folder)

    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["ours", "fair", "poor"]
    assert "## The contest on partition 3" in lines[0]
    value, low = rows[2][6].split(" (")[0], rows[2][6].split("(")[1].split(" to ")[0]
    assert float(value) > float(low) > 0.1


def test_ours_run_on_a_partition_by_itself_is_not_held_against_itself(folder):
    write(folder / "ours_on_3.csv", skill=3.0, seeds=(3,))

    assert [line.split(" | ")[0] for line in contest(folder)].count("| ours") == 1


def test_the_shift_test_of_ours_on_one_partition_alone_is_read_where_it_was_run_and_fits_its_scores(folder):
    on = scored_by_seed(results.read(folder / "ours.csv"), CELLS)
    auc = round(float(metrics.auc(on[3], ones(on[3]))), 4)
    rows = [{"shift": name, "seed": 3, "cells": len(CELLS), "auc": auc} for name in SHIFTS]
    assert kept_shifts.of_one("ours_on_3", 3, on[3], folder=folder) == []

    made_from = {"recipe_fingerprint": "4abab2527af0", "data_fingerprint": "0" * 64}
    (folder / "ours_on_3.json").write_text(json.dumps(made_from))
    kept_shifts.write(rows, kept_shifts.path_of("ours_on_3", folder=folder), made_from=made_from)

    assert kept_shifts.of_one("ours_on_3", 3, on[3], folder=folder) == rows
    with pytest.raises(kept_shifts.ShiftsDoNotFit, match="learned in other folds"):
        kept_shifts.of_one("ours_on_3", 3, on[3].with_logits(-on[3].logits), folder=folder)


def test_what_is_not_finished_there_is_not_told(folder):
    write(folder / "fair_on_3.csv", skill=1.0, seeds=(3,), cells=CELLS[:100])

    assert not any(line.startswith("| fair") for line in contest(folder))
    assert any(line.startswith("| poor") for line in contest(folder))


def test_what_was_run_in_other_folds_is_refused_with_the_command_that_runs_it_anew(folder):
    rows = (folder / "fair_on_3.csv").read_text().splitlines()
    others = [
        ",".join([sha256, "3", "2" if fold == "1" else fold, logit])
        for sha256, _, fold, logit in (row.split(",") for row in rows)
    ]
    (folder / "fair_on_3.csv").write_text("\n".join([rows[0], *others[1:]]) + "\n")

    with pytest.raises(results.ResultsDoNotFit, match="fit fair --partition 3` again"):
        contest(folder)


def test_where_no_other_was_run_there_is_no_contest(tmp_path):
    write(tmp_path / "ours.csv", skill=3.0, seeds=(0, 3))

    assert contest(tmp_path) == []


def test_each_partition_of_ours_has_a_row_that_says_which_it_is_most_alike(folder):
    on = scored_by_seed(results.read(folder / "ours.csv"), CELLS)

    lines = partitions.lines("ours", on, CELLS)

    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == ["0", "3", "4"]
    assert [row[-1].split(" of ")[-1] for row in rows] == ["4", "0", "0"]
