"""What a recipe may ask of training beside the label: it changes the network that is kept, and meets no tested cell."""

import dataclasses
import itertools
import json
import random
import re
import shutil
import sys

import keras
import numpy as np
import pytest
from keras import layers

from training import fit, learner, pretrain, teacher
from training.augment import Varier, middle, varier
from training.cells import fingerprint
from training.network import build, scores, trained
from training.networks import anastasio, ours
from training.parts import PartNotFound, parts_of, place_of
from training.recipe import Recipe

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

QUICK = Recipe(
    name="quick",
    network=ours.resnet,
    network_options={"width": 16, "blocks": (1,)},
    size=64,
    epochs=1,
    cells_per_epoch=32,
    batch=16,
    folds=2,
    final_fit=False,
)

SMALL = Recipe(
    name="small",
    network=anastasio.cnn_dropout,
    shrink_to=16,
    optimizer="adam",
    learning_rate=1e-3,
    epochs=2,
    cells_per_epoch=32,
    batch=8,
    folds=2,
    final_fit=False,
)


@pytest.fixture(scope="module")
def runs(crops, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    fit_first(QUICK, crops, folder=folder)
    return folder


def fit_first(recipe, crops, *, folder):
    """Fits the part that is looked at, and no other."""
    fit.fit(recipe, crops, folder=folder, results_folder=folder / "results", only="seed0-fold0")


def first_part(recipe, crops, runs, *, unlabelled=None):
    return parts_of(recipe, crops, folder=place_of(recipe, crops, folder=runs, unlabelled=unlabelled))[0]


@pytest.mark.parametrize(
    "asked",
    [
        {"mixup": 0.2},
        {"adversary": 0.3},
        {"pretraining_epochs": 1},
        {"teacher": QUICK},
        {"sampling": "cells", "ema": 0.0},
        {"network_options": {"width": 16, "blocks": (1,), "centred": False, "groups": 4}},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_whatever_else_is_asked_the_network_that_is_kept_is_the_recipe_s_own(asked, crops, runs):
    recipe = dataclasses.replace(QUICK, name="asked", **asked)
    fit_first(recipe, crops, folder=runs)
    part = first_part(recipe, crops, runs)

    kept = scores(trained(recipe, part), crops, part.tested, size=recipe.size)["logit"]
    plain = scores(trained(QUICK, first_part(QUICK, crops, runs)), crops, part.tested, size=QUICK.size)["logit"]

    with np.load(part.folder / "scores.npz") as written:
        assert kept == pytest.approx(written["logit"], abs=1e-5)
    assert kept.std() > 0
    assert kept != pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize(("watched", "lines"), [(True, 2), (False, 1)])
def test_every_epoch_is_told_as_one_of_all_and_to_who_watches_already_as_it_begins(
    watched, lines, crops, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: watched)
    recipe = dataclasses.replace(SMALL, epochs=3)

    fit.fit(recipe, crops, folder=tmp_path, results_folder=tmp_path / "results")

    told = re.findall(r"epoch \d/\d", capsys.readouterr().out, flags=re.IGNORECASE)
    assert told == [f"epoch {epoch}/3" for _ in range(recipe.folds) for epoch in (1, 2, 3) for _ in range(lines)]


@pytest.mark.parametrize(
    "asked",
    [{"epochs": 3}, {"optimizer": "adamw", "ema": 0.9}, {"teacher": SMALL}],
    ids=lambda asked: next(iter(asked)),
)
def test_a_fit_that_was_stopped_goes_on_to_the_network_that_it_would_have_had(asked, crops, tmp_path, monkeypatch):
    recipe = dataclasses.replace(SMALL, name="stopped", **asked)
    if recipe.teacher:
        fit_first(recipe.teacher, crops, folder=tmp_path)
    fit_first(recipe, crops, folder=tmp_path)
    expected = trained(recipe, first_part(recipe, crops, tmp_path)).get_weights()
    shutil.rmtree(place_of(recipe, crops, folder=tmp_path))

    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "fit", stopping_at_call(2))
        with pytest.raises(KeyboardInterrupt):
            fit_first(recipe, crops, folder=tmp_path)
    fit_first(recipe, crops, folder=tmp_path)

    found = trained(recipe, first_part(recipe, crops, tmp_path)).get_weights()
    assert all(one == pytest.approx(other, abs=1e-6) for one, other in zip(found, expected, strict=True))


def test_a_fit_that_was_stopped_counts_the_time_before_as_well(crops, tmp_path, monkeypatch):
    recipe = dataclasses.replace(SMALL, name="timed", epochs=2)
    part = first_part(recipe, crops, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "fit", stopping_at_call(2))
        with pytest.raises(KeyboardInterrupt):
            fit_first(recipe, crops, folder=tmp_path)
    checkpoint = part.folder / "checkpoint.json"
    stands = json.loads(checkpoint.read_text())
    checkpoint.write_text(json.dumps(stands | {"seconds": 1000.0}))

    fit_first(recipe, crops, folder=tmp_path)

    assert stands["seconds"] > 0
    assert 1000 <= part.note["seconds"] < 1900


def test_a_part_alone_is_trained_where_it_is_named_and_the_others_are_left(crops, tmp_path, monkeypatch):
    trained_now = []
    monkeypatch.setattr(fit, "_fit_part", lambda _, __, part, **___: trained_now.append(part.folder.name))

    fit.fit(SMALL, crops, folder=tmp_path, results_folder=tmp_path, only="seed0-fold1")
    with pytest.raises(PartNotFound, match=r"no part 'fold1' of this recipe. There are: seed0-fold0, seed0-fold1\."):
        fit.fit(SMALL, crops, folder=tmp_path, results_folder=tmp_path, only="fold1")

    assert trained_now == ["seed0-fold1"]


def test_fuller_results_of_the_same_recipe_and_cells_stay_until_as_many_folds_are_trained(crops, tmp_path):
    fit.fit(SMALL, crops, folder=tmp_path / "there", results_folder=tmp_path)
    path = tmp_path / "small.csv"
    committed = path.read_text()

    fit.fit(SMALL, crops, folder=tmp_path / "here", results_folder=tmp_path, only="seed0-fold0")
    after_one = path.read_text()
    path.write_text("of before\n")
    fit.fit(SMALL, crops, folder=tmp_path / "here", results_folder=tmp_path)

    assert after_one == committed
    assert len(path.read_text().splitlines()) == len(committed.splitlines())


def test_results_of_another_recipe_of_that_name_are_written_over_at_the_first_fold(crops, tmp_path):
    fit.fit(SMALL, crops, folder=tmp_path / "there", results_folder=tmp_path)
    changed = dataclasses.replace(SMALL, epochs=1)

    fit.fit(changed, crops, folder=tmp_path / "here", results_folder=tmp_path, only="seed0-fold0")

    record = json.loads((tmp_path / "small.json").read_text())
    assert (record["recipe_fingerprint"], len(record["folds"])) == (changed.fingerprint(), 1)


def test_what_is_trained_already_is_written_once_and_not_for_every_part(crops, tmp_path, monkeypatch):
    fit.fit(SMALL, crops, folder=tmp_path, results_folder=tmp_path)
    written = []
    monkeypatch.setattr("training.results.write", lambda *_, folder, **__: written.append(folder))

    fit.fit(SMALL, crops, folder=tmp_path, results_folder=tmp_path)

    assert written == [tmp_path]


def test_a_checkpoint_of_an_earlier_version_leaves_chance_as_it_is(tmp_path):
    (tmp_path / "checkpoint.json").write_text('{"epochs": 1}')
    network, before = build(SMALL), random.getstate()

    learner.take_up_chance(network, folder=tmp_path)

    assert random.getstate() == before


def stopping_at_call(number):
    """Keras' `fit`, which somebody stops when it is called so many times."""
    keras_fit, calls = keras.Model.fit, itertools.count(1)

    def fit_or_stop(model, *args, **kwargs):
        if next(calls) == number:
            raise KeyboardInterrupt
        return keras_fit(model, *args, **kwargs)

    return fit_or_stop


def test_cells_met_in_pretraining_are_counted_as_seen(crops, runs):
    recipe = dataclasses.replace(QUICK, name="counted", pretraining_epochs=2)
    fit_first(recipe, crops, folder=runs)
    part = first_part(recipe, crops, runs)

    assert json.loads((part.folder / "done.json").read_text())["seen"] == recipe.cells_per_epoch + 2 * len(part.learns)


def test_pretraining_meets_unlabelled_cells_too_and_nothing_else_does(crops, tmp_path, monkeypatch):
    unlabelled = dataclasses.replace(crops, cells=tuple(dataclasses.replace(cell, label="") for cell in crops.cells))
    met = []
    monkeypatch.setattr(fit, "pretrain", lambda _, pools, **__: met.extend(pools))
    recipe = dataclasses.replace(QUICK, name="unlabelled", pretraining_epochs=1)

    fit.fit(recipe, crops, folder=tmp_path, results_folder=tmp_path / "results", unlabelled=unlabelled)
    part = first_part(recipe, crops, tmp_path, unlabelled=unlabelled)
    rows = (tmp_path / "results" / "unlabelled.csv").read_text().splitlines()
    record = json.loads((tmp_path / "results" / "unlabelled.json").read_text())

    assert [(pool is unlabelled, len(cells)) for pool, cells in met[:2]] == [(False, len(part.learns)), (True, 32)]
    assert json.loads((part.folder / "done.json").read_text())["seen"] == 32 + len(part.learns) + 32
    assert len(rows) == 1 + 32
    assert record["unlabelled_fingerprint"] == fingerprint(unlabelled.cells)


def test_an_epoch_ends_on_the_average_of_its_weights_which_is_what_is_kept(crops, runs, monkeypatch):
    ended = []
    monkeypatch.setattr(fit, "settle", lambda asked: ended.append((asked.get_weights(), asked.optimizer)))
    recipe = dataclasses.replace(QUICK, name="averaged", epochs=2, ema=0.9)
    fit_first(recipe, crops, folder=runs)

    weights, optimizer = ended[1]
    kept = trained(recipe, first_part(recipe, crops, runs)).get_weights()
    averages = [average.numpy() for average in optimizer._model_variables_moving_average if average is not None]

    assert all(any(np.array_equal(average, weight) for weight in weights) for average in averages)
    assert all(np.array_equal(one, other) for one, other in zip(kept, weights, strict=True))


def test_pretraining_meets_nobody_of_the_tested_fold(crops, tmp_path):
    part = first_part(QUICK, crops, tmp_path)
    met = set()

    class Watching(Varier):
        def vary(self, stored, outline, *, rng):
            met.add(stored.tobytes())
            return super().vary(stored, outline, rng=rng)

    network, usual = build(QUICK), varier(QUICK.augment, size=64)
    watching = Watching(usual.augment, usual.size, usual.noise)
    pretrain.pretrain(network, [(crops, part.learns)], varier=watching, epochs=1, batch=4, seed=(0,))

    tested = {crops.pixels[cell].tobytes() for cell in part.tested}
    assert len(met) > len(part.learns) // 2
    assert not met & tested


def test_a_teacher_speaks_of_learned_cells_only_and_however_they_lie(crops):
    pixels = keras.Input((64, 64, 3), name="pixels")
    left = layers.GlobalAveragePooling2D()(pixels[:, :, :32])[:, :1]
    asymmetric = keras.Model(pixels, {"logit": (left - 50.0) / 10.0})
    learns = np.arange(10)

    targets = teacher.taught(asymmetric, crops, learns, size=64)

    square = middle(crops.pixels[3], size=64).astype(np.float64)[..., 0]
    halves = [half.mean() for half in (square[:, :32], square[:, 32:], square[:32], square[32:])]
    probability = 1 / (1 + np.exp(-(np.mean(halves) - 50.0) / 10.0))
    assert targets[3] == pytest.approx((crops.labels[3] + probability) / 2, abs=1e-4)
    assert targets[10:].tolist() == crops.labels[10:].tolist()
