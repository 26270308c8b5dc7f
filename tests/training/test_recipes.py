import dataclasses
import importlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import training.recipes
from app.errors import Misconfigured
from training.__main__ import read
from training.asked import RESULTS, chosen
from training.machines import asked_for
from training.network import build
from training.recipe import EACH_PERSON, Augment, Recipe, words_for

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

NAMES = sorted(path.stem for path in Path(training.recipes.__path__[0]).glob("[a-z]*.py"))


KEPT = sorted(path.stem for path in RESULTS.glob("*.json") if path.with_suffix(".csv").is_file())


def recipe(name):
    return importlib.import_module(f"training.recipes.{name}").RECIPE


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_bears_the_name_of_its_file_and_tells_its_command(name):
    module = importlib.import_module(f"training.recipes.{name}")

    assert module.RECIPE.name == name
    assert f"python -m training fit {name}" in str(module.__doc__)


def test_no_two_recipes_are_the_same_made():
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


def test_every_kept_result_is_of_the_recipe_as_it_stands():
    records = {name: json.loads((RESULTS / f"{name}.json").read_text()) for name in KEPT}

    stale = [name for name, record in records.items() if record["recipe_fingerprint"] != made(name).fingerprint()]

    assert stale == []


def test_who_types_what_the_name_of_a_kept_result_says_makes_that_very_one():
    assert [made(name).name for name in KEPT] == KEPT


def made(result):
    """The experiment that bears the name among those that are made by the words for it."""
    told = read([*words_for(result).split(), "cells"])
    if told.command != "features":
        return chosen(told)
    by_name = {
        one.name: one for one in asked_for(beside=told.beside, seed=told.partition, each_person=told.each_person)
    }
    return by_name[result]


def test_an_earlier_network_as_published_sees_the_whole_image_at_its_source_s_size_and_keeps_what_it_learns_by():
    plain, published = recipe("carpenter_3c1d"), made("carpenter_3c1d_as_published")

    assert (published.frame, published.shrink_to, published.batch) == (450, 256, 32)
    assert (published.optimizer, published.learning_rate) == (plain.optimizer, plain.learning_rate)
    assert published.fingerprint() != plain.fingerprint()
    assert build(published).count_params() == 14_821_761


def test_a_recipe_on_another_partition_is_the_same_but_for_it_and_bears_another_name():
    plain, there = recipe("schneider"), made("schneider_on_3")

    assert (there.name, there.seeds, there.final_fit) == ("schneider_on_3", (3,), False)
    assert there.with_choices({}) == dataclasses.replace(plain, name=there.name, seeds=(3,)).with_choices({})
    assert there.fingerprint() != plain.fingerprint()


def test_a_recipe_with_every_person_left_out_alone_is_the_same_but_for_its_folds_and_bears_another_name():
    plain, alone = recipe("texture8"), made("texture8_each_person")

    assert (alone.name, alone.folds, alone.final_fit) == ("texture8_each_person", EACH_PERSON, False)
    assert dataclasses.replace(alone, name=plain.name, folds=3, seeds=plain.seeds, final_fit=True) == plain
    assert alone.fingerprint() != plain.fingerprint()


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ("schneider", "fit schneider"),
        ("schneider_on_3", "fit schneider --partition 3"),
        ("texture8_each_person", "fit texture8 --each-person"),
        ("schneider_as_published_on_3", "fit schneider --as-published --partition 3"),
        ("transfer_vgg16_scratch", "fit transfer_vgg16 --from-scratch"),
        ("features_svm_sized", "features"),
        ("features_svm_texture5", "features --beside texture5"),
        ("features_svm_each_person", "features --each-person"),
        ("features_svm_on_3", "features --partition 3"),
    ],
)
def test_the_name_of_results_says_what_makes_them(results, words):
    assert words_for(results) == words


def test_a_teacher_never_learned_from_whom_its_pupil_leaves_out():
    pupil = recipe("resnet_distilled")

    assert [one.teacher and one.teacher.name for one in (pupil.each_person(), pupil.on_partition(3))] == [
        "resnet_each_person",
        "resnet_on_3",
    ]


def test_a_recipe_of_ours_was_never_published():
    with pytest.raises(Misconfigured, match="Recipe texture3 has no source's settings to go by"):
        made("texture3_as_published")


def test_a_frame_is_black_and_around_the_crop():
    framed = Recipe(name="x", network=seen, size=4, frame=8, shrink_to=8)
    pixels = np.full((1, 4, 4, 3), 200, np.float32)

    (shown,) = build(framed).predict_on_batch(pixels)["logit"]

    assert shown[2:6, 2:6].tolist() == pixels[0].tolist()
    assert shown.sum() == pixels.sum()


def seen(*, size):
    entered = keras.Input((size, size, 3), name="pixels")
    return keras.Model(entered, {"logit": entered + 0.0})
