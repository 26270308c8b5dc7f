import json
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training import fit, results
from training.cells import Cell
from training.networks import anastasio
from training.parts import parts_of, place_of
from training.recipe import Recipe
from training.recipes import cnn1
from training.stopping import Memory, watched_apart

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def test_the_best_epoch_is_the_first_of_the_highest_and_patience_counts_from_it():
    memory = Memory()
    for epoch, figure in enumerate((0.6, 0.7, 0.7, 0.65), start=1):
        memory = memory.after(epoch, figure)

    assert memory == Memory(best=0.7, best_epoch=2)
    assert not memory.is_over(3, patience=2)
    assert memory.is_over(4, patience=2)
    assert not Memory().is_over(9, patience=1)


def test_even_a_first_epoch_without_any_skill_is_remembered():
    assert Memory().after(1, 0.0) == Memory(best=0.0, best_epoch=1)


def test_who_is_watched_is_neither_learned_from_nor_tested():
    cells = [
        Cell(f"{n}", f"{name}{n % 6}", f"{name}{n % 6}", label, "fold_0", f"{n:064x}", 1000, 1.0, 1.0, 1.0)
        for n, (name, label) in enumerate([("H", "HEM"), ("", "ALL")] * 60)
    ]
    learns = np.flatnonzero([cell.group not in {"H0", "2"} for cell in cells])

    learned, watched = watched_apart(cells, learns, seed=0)

    assert sorted([*learned.tolist(), *watched.tolist()]) == learns.tolist()
    assert not {cells[one].group for one in learned} & {cells[one].group for one in watched}
    assert {cells[one].label for one in watched} == {"HEM", "ALL"}


STANDSTILL = Recipe(
    name="standstill",
    network=anastasio.baseline_dense,
    shrink_to=16,
    optimizer="adam",
    learning_rate=0.0,
    epochs=9,
    cells_per_epoch=16,
    batch=8,
    folds=2,
    final_fit=False,
    patience=2,
)


def test_a_network_that_gets_no_better_stops_keeps_its_best_and_draws_its_curve(crops, tmp_path):
    place = {"folder": tmp_path / "runs", "results_folder": tmp_path / "results"}
    fit.fit(STANDSTILL, crops, **place, logs=tmp_path / "logs")

    part = parts_of(STANDSTILL, crops, folder=place_of(STANDSTILL, crops, folder=tmp_path / "runs"))[0]
    done = json.loads((part.folder / "done.json").read_text())
    curve = EventAccumulator(str(next((tmp_path / "logs").rglob("seed0-fold0")))).Reload()
    first = (tmp_path / "results" / "standstill.csv").read_text()

    assert done["epochs"] == 3
    assert json.loads((part.folder / "watched.json").read_text())["best_epoch"] == 1
    assert {"loss", "auc", "watched_auc"} <= set(curve.Tags()["scalars"])
    assert [point.step for point in curve.Scalars("watched_auc")] == [1, 2, 3]

    (part.folder / "done.json").unlink()
    fit.fit(STANDSTILL, crops, **place)

    assert json.loads((part.folder / "done.json").read_text())["epochs"] == 3
    assert (tmp_path / "results" / "standstill.csv").read_text() == first
    assert len(results.read(tmp_path / "results" / "standstill.csv")) == 32


def test_the_shipped_recipe_has_the_fingerprint_under_which_its_runs_were_kept():
    kept = json.loads((Path(__file__).parents[2] / "training" / "results" / "cnn1.json").read_text())

    assert cnn1.RECIPE.fingerprint() == kept["recipe_fingerprint"]
