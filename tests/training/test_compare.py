import csv
import dataclasses
import json

import numpy as np
import pytest

from training import evaluate, results
from training.__main__ import main
from training.cells import Cell, fingerprint, read_index, write_index
from training.out_of_fold import scored_of
from training.splits import partition

pytestmark = pytest.mark.tensorflow


RECORD = {
    "recipe": {"size": 224, "shrink_to": None, "cells_per_epoch": 10},
    "folds": [{"seed": 0, "fold": fold, "cells": 80, "parameters": 1, "epochs": 1} for fold in range(3)],
}


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
        (tmp_path / f"{name}.json").write_text(json.dumps({**RECORD, "data_fingerprint": fingerprint(cells)}))
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
    scored = scored_of(results.read(kept / "good.csv"), cells, seed=0)
    report = evaluate.report(scored, cells, seed=0)

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0

    compared = json.loads(capsys.readouterr().out)["differences"]
    yardsticks = {
        "floor_auc",
        "floor_subject_macro_auc",
        "calibration_error_of_an_exact_one",
        "calibration_error_of_an_exact_one_as_served",
    }
    assert set(compared) == {*report["figures"], *report["bands"]} - yardsticks
    assert {"sensitivity", "specificity", "precision", "weighted_f1", "brier"} < set(compared)
    assert compared["brier"][2] < 0 < compared["weighted_f1"][1]


def test_each_is_held_to_its_own_bands(kept, capsys):
    """What is uncertain to the one is not what is uncertain to the other."""
    cells = read_index(kept / "cells.csv")
    own = {}
    for name in ("good", "poor"):
        scored = scored_of(results.read(kept / f"{name}.csv"), cells, seed=0)
        own[name] = evaluate.report(scored, cells, seed=0)["bands"]["uncertain_share"][0]

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0

    value = json.loads(capsys.readouterr().out)["differences"]["uncertain_share"][0]
    assert value == pytest.approx(own["good"] - own["poor"], abs=2e-4)
    assert value < 0


def test_results_that_share_no_partition_are_not_compared(kept, capsys):
    assert main(["compare", "good", "elsewhere", "--results", str(kept)]) == 1

    assert "share no partition" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["compare", "good", "poor"], ["results"]])
def test_results_of_other_cells_are_refused_with_what_to_do(kept, capsys, command):
    (kept / "poor.json").write_text(json.dumps({**RECORD, "data_fingerprint": "4f32c145" * 8}))

    assert main([*command, "--results", str(kept)]) == 1

    told = capsys.readouterr().err
    assert f"{kept / 'poor.csv'} is of other cells (4f32c145) than these (" in told
    assert "Run `python -m training fit poor` on these" in told


def test_results_that_do_not_say_of_which_cells_they_are_are_not_compared(kept, capsys):
    (kept / "good.json").unlink()

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    assert f"There are no results at {kept / 'good.json'}. Run" in capsys.readouterr().err


def changed(path, line, **fields):
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[line - 2].update(fields)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows[line - 2]


@pytest.mark.parametrize("command", [["compare", "good", "poor"], ["results"]])
def test_a_subject_group_that_was_scored_in_two_folds_is_refused_by_name_and_line(kept, capsys, command):
    fold = int(changed(kept / "poor.csv", 200)["fold"])
    changed(kept / "poor.csv", 200, fold=(fold + 1) % 3)

    assert main([*command, "--results", str(kept)]) == 1

    told = capsys.readouterr().err
    assert f"{kept / 'poor.csv'}, line 200: Subject group {'H' if 198 % 2 else ''}{198 % 12} lies in folds" in told


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"logit": "nan"}, "no finite logit"),
        ({"logit": "inf"}, "no finite logit"),
        ({"logit": "abc"}, "could not convert string to float: 'abc'"),
        ({"logit": ""}, "is no row of image_sha256, seed, fold, logit"),
        ({"fold": "first"}, "invalid literal"),
    ],
)
def test_a_row_of_results_that_is_none_is_refused_by_its_line(kept, capsys, fields, what):
    changed(kept / "poor.csv", 7, **fields)

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    told = capsys.readouterr().err
    assert "poor.csv, line 7: " in told
    assert what in told


def test_results_without_their_cells_are_told_where_to_get_them(kept, capsys):
    (kept / "cells.csv").unlink()

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    assert "There is no cells.csv in" in capsys.readouterr().err


def test_cells_that_are_no_table_are_refused_by_name(kept, capsys):
    (kept / "cells.csv").write_text("image,label\n1.png,ALL\n")

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    assert "cells.csv is no table of cells" in capsys.readouterr().err


def test_a_recipe_without_results_is_named(kept, capsys):
    assert main(["compare", "good", "nobody", "--results", str(kept)]) == 1

    assert "nobody.csv" in capsys.readouterr().err


def test_an_image_that_is_scored_twice_is_refused_with_both_lines(kept, capsys):
    lines = (kept / "good.csv").read_text().splitlines()
    (kept / "good.csv").write_text("\n".join([*lines, lines[1].rsplit(",", 1)[0] + ",9.0"]))

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    told = capsys.readouterr().err
    assert "good.csv, line 242: image 000000000000 has a score of seed 0 already" in told
    assert "good.csv, line 2)" in told


def test_results_of_other_folds_are_not_compared(kept, capsys):
    with (kept / "poor.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for place in range(len(rows)):
        changed(kept / "poor.csv", place + 2, fold=(int(rows[place]["fold"]) + 1) % 3)

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    assert "good and poor were run in other folds under seed 0" in capsys.readouterr().err


def test_cells_without_a_label_beside_the_results_are_no_part_of_them(kept, capsys):
    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0
    before = json.loads(capsys.readouterr().out)
    cells = read_index(kept / "cells.csv")
    unlabelled = dataclasses.replace(cells[0], path="u.bmp", label="", sha256=f"{9999:064x}")
    write_index([*cells, unlabelled], kept / "cells.csv")

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 0

    assert json.loads(capsys.readouterr().out) == before


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n{}\n", "[]"])
def test_a_record_that_is_no_json_object_is_refused_by_name(kept, capsys, content):
    (kept / "good.json").write_text(content)

    assert main(["compare", "good", "poor", "--results", str(kept)]) == 1

    assert f"{kept / 'good.json'} " in capsys.readouterr().err
