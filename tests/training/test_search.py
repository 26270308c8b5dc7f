import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest

from app.errors import Misconfigured
from training.__main__ import main
from training.dataset import Crops
from training.networks import anastasio
from training.recipe import Recipe
from training.recipes.schneider import RECIPE
from training.search import combinations, search

NOTHING = Crops((), np.zeros((0, 288, 288, 3), np.uint8), np.zeros((0, 288, 288), np.uint8))

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def test_a_grid_tries_every_combination_once_and_the_same_ones_next_time():
    grid = combinations(RECIPE, draws=None)

    assert len(grid) == 27
    assert len({recipe.fingerprint() for recipe in map(RECIPE.with_choices, grid)}) == 27
    assert grid == combinations(RECIPE, draws=None)


def test_a_random_search_draws_from_the_grid_without_repeating():
    drawn = combinations(RECIPE, draws=5)

    assert len({tuple(sorted(one.items())) for one in drawn}) == 5
    assert all(one in combinations(RECIPE, draws=None) for one in drawn)


def test_a_choice_goes_to_the_recipe_where_it_has_that_field_and_else_to_the_network():
    tried = RECIPE.with_choices({"epochs": 15, "drop": 0.5})

    assert tried.epochs == 15
    assert tried.network_options == {"drop": 0.5}


@pytest.mark.parametrize("name", ["sampling", "optimizer", "precision"])
def test_a_choice_that_is_misspelt_is_told_and_not_taken_for_another(name):
    with pytest.raises(Misconfigured, match=f"Recipe schneider has 'subject' for {name}. Name one of"):
        RECIPE.with_choices({name: "subject"})


def test_a_recipe_without_choices_is_not_searched(tmp_path):
    with pytest.raises(Misconfigured, match="declares no choices"):
        search(dataclasses.replace(RECIPE, choices={}), NOTHING, runs=tmp_path, folder=tmp_path)


TRIED = Recipe(
    name="tried",
    network=anastasio.baseline_dense,
    shrink_to=16,
    optimizer="adam",
    learning_rate=1e-3,
    epochs=1,
    cells_per_epoch=16,
    batch=8,
    folds=2,
    choices={"learning_rate": (1e-3, 1e-2), "epochs": (1, 2)},
)


@pytest.fixture(scope="module")
def var(crops, tmp_path_factory):
    """Where all four combinations were tried."""
    var = tmp_path_factory.mktemp("searched")
    search(TRIED, crops, runs=var / "runs", folder=var / "search")
    return var


@pytest.fixture
def once_more(crops, var, tmp_path):
    """Searches on with one draw after the whole grid, and gives the table's rows."""
    shutil.copytree(var / "search", tmp_path / "search")

    def searched_on():
        table = search(TRIED, crops, runs=var / "runs", folder=tmp_path / "search", draws=1)
        return list(csv.DictReader(table.read_text().splitlines()))

    return searched_on


def test_a_search_meets_unlabelled_cells_as_a_fit_does(crops, tmp_path, monkeypatch):
    met = []

    def fit(*_, unlabelled, **__):
        met.append(unlabelled)
        raise KeyboardInterrupt

    monkeypatch.setattr("training.search.fit", fit)
    with pytest.raises(KeyboardInterrupt):
        search(TRIED, crops, runs=tmp_path, folder=tmp_path, unlabelled=crops)

    assert met[0] is crops


def others(folder):
    """Where the combinations are kept that one draw does not meet."""
    drawn = TRIED.with_choices(combinations(TRIED, draws=1)[0]).fingerprint()
    return sorted(path for path in (folder / "search").iterdir() if path.is_dir() and path.name != drawn)


def test_a_search_that_goes_on_keeps_what_an_earlier_one_found(once_more, var):
    earlier = list(csv.DictReader((var / "search" / "tried.csv").read_text().splitlines()))

    rows = once_more()

    assert len(rows) == 4
    assert sorted(map(str, rows)) == sorted(map(str, earlier))
    accuracies = [float(row["macro_balanced_accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)


def test_what_was_found_on_other_cells_broken_off_or_lost_is_not_in_the_table(once_more, tmp_path):
    on_other_cells, broken_off, lost = others(tmp_path)
    record = json.loads((on_other_cells / "tried.json").read_text())
    (on_other_cells / "tried.json").write_text(json.dumps({**record, "data_fingerprint": "0" * 64}))
    rows = (broken_off / "tried.csv").read_text().splitlines(keepends=True)
    (broken_off / "tried.csv").write_text("".join(rows[:17]))
    (lost / "tried.json").unlink()

    assert len(once_more()) == 1


def test_a_search_says_which_combination_of_how_many_it_fits(once_more, capsys):
    (drawn,) = combinations(TRIED, draws=1)

    once_more()

    said = ", ".join(f"{name} {value}" for name, value in drawn.items())
    assert capsys.readouterr().out.splitlines()[0] == f"combination 1 of 1: {said}"


def test_the_command_ends_with_the_path_of_its_table(tmp_path, monkeypatch, capsys):
    tried = dataclasses.replace(TRIED, drawn_cells=8, choices={"epochs": (1,)})
    monkeypatch.setattr("training.asked.recipe_named", lambda _: tried)

    code = main(["search", "tried", "--var", str(tmp_path)])

    assert code == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "search" / "tried.csv")
