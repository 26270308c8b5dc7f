import json

import numpy as np
import pytest

from app.errors import Invalid
from training import steps
from training.cells import Cell
from training.floor import floor_scores
from training.scored import Scored
from training.splits import partition

pytestmark = pytest.mark.tensorflow

OWN = {"recipe_fingerprint": "own", "data_fingerprint": "cells"}


@pytest.fixture(scope="module")
def cells():
    """Twelve subjects of each class, three cells each."""
    rng = np.random.default_rng(0)
    found = []
    for prefix, label in (("H", "HEM"), ("", "ALL")):
        for number in range(36):
            subject, area = f"{prefix}{number % 12}", 900 + int(rng.integers(200))
            colour = rng.uniform(90, 110, 3)
            found.append(Cell(f"{number}", subject, subject, label, "fold_0", f"{number:064x}", area, *colour))
    return found


def scored(cells, *, skill):
    is_all = np.array([cell.label == "ALL" for cell in cells])
    logits = skill * is_all + np.random.default_rng(1).normal(0, 1, len(cells))
    groups = np.array([cell.group for cell in cells])
    areas = np.array([cell.area for cell in cells], np.float64)
    folds = np.arange(len(cells)) % 3
    return Scored(is_all, groups, groups, folds, logits, areas, 1 / (1 + np.exp(-logits)))


def lines(results, cells, *, folder):
    return steps.lines(results, floor_scores(cells, partition(cells, folds=3, seed=0)), folder=folder, recipes=folder)


def test_a_variant_is_held_against_its_base_and_a_name_that_only_sounds_alike_is_none():
    assert steps.base_of("resnet_mixup") == "resnet"
    assert steps.base_of("resnet") is None
    assert steps.base_of("transfer_resnet50_scratch") is None


def test_each_table_says_what_a_variant_is_what_it_gains_and_how_it_bears_shifts(cells, tmp_path):
    (tmp_path / "resnet_mixup.py").write_text('"""Blended cells: what mixup brings.\n\nMore."""\n')
    shifts = [
        {
            "shift": shift,
            "seed": seed,
            "auc_change": [auc],
            "specificity_change": [specificity],
            "sensitivity_change": [sensitivity],
        }
        for shift, seed, auc, specificity, sensitivity in (
            ("area x .85", 3, -0.1, 0.1, 0.0),
            ("red x .9", 3, 0.1, -0.2, -0.3),
            ("red x .9", 4, -0.5, -0.5, -0.5),
            ("silhouette only", 3, -0.4, -0.9, -1.0),
        )
    ]
    (tmp_path / "resnet.json").write_text(json.dumps(OWN))
    (tmp_path / "resnet.shifts.json").write_text(json.dumps({**OWN, "shifts": shifts}))
    results = {
        "resnet": scored(cells, skill=0.5),
        "resnet_mixup": scored(cells, skill=3.0),
        "texture3": scored(cells, skill=1),
    }

    page = "\n".join(lines(results, cells, folder=tmp_path))

    rows = [line for line in page.splitlines() if line.startswith("| resnet")]
    assert "### `resnet`" in page
    assert "### `texture3`" not in page  # it has no variant here
    assert rows[0].endswith("| -0.100 | -0.200 | -0.300 |  |")
    assert rows[1].endswith("| - | - | - | Blended cells: what mixup brings. |")
    assert "[+0." in rows[1].split(" | ")[1]


def test_no_table_is_made_of_a_shift_test_that_is_older_than_the_results(cells, tmp_path):
    (tmp_path / "resnet.json").write_text(json.dumps(OWN))
    (tmp_path / "resnet.shifts.json").write_text(json.dumps({**OWN, "recipe_fingerprint": "of before", "shifts": []}))
    results = {name: scored(cells, skill=1) for name in ("resnet", "resnet_mixup")}

    with pytest.raises(Invalid, match=r"resnet\.shifts\.json is of an earlier recipe"):
        lines(results, cells, folder=tmp_path)


def test_no_bases_no_tables(cells, tmp_path):
    assert lines({"other": scored(cells, skill=1)}, cells, folder=tmp_path) == []
