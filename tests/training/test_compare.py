import csv
import json

import numpy as np
import pytest

from training.__main__ import main
from training.cnmc import Cell, write_index
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


def test_results_that_share_no_partition_are_not_compared(kept, capsys):
    assert main(["compare", "good", "elsewhere", "--results", str(kept)]) == 1

    assert "share no partition" in capsys.readouterr().err


def test_a_recipe_without_results_is_named(kept, capsys):
    assert main(["compare", "good", "nobody", "--results", str(kept)]) == 1

    assert "nobody.csv" in capsys.readouterr().err
