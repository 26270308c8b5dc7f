import dataclasses

import numpy as np
import pytest

from app.errors import Misconfigured
from training.dataset import Crops
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


def test_a_recipe_without_choices_is_not_searched(tmp_path):
    with pytest.raises(Misconfigured, match="declares no choices"):
        search(dataclasses.replace(RECIPE, choices={}), NOTHING, runs=tmp_path, folder=tmp_path)
