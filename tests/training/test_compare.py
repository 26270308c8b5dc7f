import csv
import json

import numpy as np
import pytest

from training import evaluate, results
from training.__main__ import main
from training.cnmc import Cell, read_index, write_index
from training.splits import partition

pytestmark = pytest.mark.tensorflow


def _cell(number, name):
    label, green = "HEM" if name.startswith("H") else "ALL", 90.0 + number % 7
    return Cell(f"{number}.bmp", name, name, label, "f", f"{number:064x}", 10_000 + number, 90.0, green, 90.0)


@pytest.fixture
def kept(tmp_path):
    """Results of a good, an equal and a poor network on cells of twelve subjects; one more on another partition."""
    rng = np.random.default_rng(0)
    names = [f"{'H' if number % 2 else ''}{number % 12}" for number in range(240)]
    cells = [_cell(number, name) for number, name in enumerate(names)]
    write_index(cells, tmp_path / "cells.csv")
    truth, noise = np.array([cell.label == "ALL" for cell in cells]) - 0.5, rng.normal(size=len(cells))
    for name, skill, seed in (("good", 3.0, 0), ("equal", 3.0, 0), ("poor", 0.5, 0), ("elsewhere", 3.0, 7)):
        folds = partition(cells, folds=3, seed=seed)
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("image_sha256", "seed", "fold", "logit"))
            writer.writerows(
                (cell.sha256, seed, fold, skill * sign + one)
                for cell, fold, sign, one in zip(cells, folds, truth, noise, strict=True)
            )
    return tmp_path


def test_the_better_network_is_told_from_the_poorer_and_equals_differ_by_nothing(kept, capsys):
    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0
    better = json.loads(capsys.readouterr().out)["differences"]
    assert main(["compare", "good", "equal", "--results", str(kept)]) == 0
    same = json.loads(capsys.readouterr().out)["differences"]

    value, low, high = better["auc"]
    assert low <= value <= high
    assert low > 0.1
    assert all(one == [0.0, 0.0, 0.0] for one in same.values())


def test_every_figure_that_evaluate_states_of_a_network_is_compared(kept, capsys):
    cells = read_index(kept / "cells.csv")
    scored = evaluate.scored_of(results.read(kept / "good.csv"), cells, seed=0)
    report = evaluate.report(scored, cells, seed=0)

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0

    compared = json.loads(capsys.readouterr().out)["differences"]
    of_the_floor = {"floor_auc", "floor_subject_macro_auc"}
    assert set(compared) == {*report["figures"], *report["bands"]} - of_the_floor
    assert {"sensitivity", "specificity", "precision", "weighted_f1", "brier"} < set(compared)
    assert compared["brier"][2] < 0 < compared["weighted_f1"][1]


def test_each_is_held_to_its_own_bands(kept, capsys):
    """What is uncertain to the one is not what is uncertain to the other."""
    cells = read_index(kept / "cells.csv")
    own = {}
    for name in ("good", "poor"):
        scored = evaluate.scored_of(results.read(kept / f"{name}.csv"), cells, seed=0)
        own[name] = evaluate.report(scored, cells, seed=0)["bands"]["uncertain_share"][0]

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0

    value = json.loads(capsys.readouterr().out)["differences"]["uncertain_share"][0]
    assert value == pytest.approx(own["good"] - own["poor"], abs=2e-4)
    assert value < 0


def test_results_that_share_no_partition_are_not_compared(kept, capsys):
    assert main(["compare", "good", "elsewhere", "--results", str(kept)]) == 1

    assert "share no partition" in capsys.readouterr().err


def test_a_recipe_without_results_is_named(kept, capsys):
    assert main(["compare", "good", "nobody", "--results", str(kept)]) == 1

    assert "nobody.csv" in capsys.readouterr().err
