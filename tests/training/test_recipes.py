import importlib
from pathlib import Path

import pytest

import training.recipes
from training.recipe import Augment, Recipe

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

NAMES = sorted(path.stem for path in Path(training.recipes.__path__[0]).glob("[a-z]*.py"))


def recipe(name):
    return importlib.import_module(f"training.recipes.{name}").RECIPE


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_bears_the_name_of_its_file_and_tells_its_command(name):
    module = importlib.import_module(f"training.recipes.{name}")

    assert module.RECIPE.name == name
    assert f"python -m training fit {name}" in str(module.__doc__)


def test_no_two_recipes_are_the_same_experiment():
    prints = [recipe(name).fingerprint() for name in NAMES]

    assert len(set(prints)) == len(prints)


def test_a_choice_at_its_default_leaves_the_fingerprint_and_any_other_changes_it():
    def network(**_):
        return None

    plain = Recipe(name="x", network=network)

    assert plain.fingerprint() == Recipe(name="x", network=network, epochs=16).fingerprint()
    assert plain.fingerprint() != Recipe(name="x", network=network, epochs=17).fingerprint()
    assert plain.fingerprint() != Recipe(name="x", network=network, augment=Augment(scale_log=0.3)).fingerprint()


def test_a_way_to_vary_that_came_later_leaves_the_fingerprint_of_recipes_that_do_not_use_it():
    turned = Augment(scale_log=0.3)
    kept = Recipe(name="x", network=Recipe, augment=turned).fingerprint()

    assert kept == "37a32ef81aa7"
    assert kept != Recipe(name="x", network=Recipe, augment=Augment(scale_log=0.3, brightness=0.5)).fingerprint()
