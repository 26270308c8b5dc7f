"""What is served learned from all people: its calibration and limits are of networks that learned from all but one."""

import dataclasses
import shutil

import numpy as np
import pytest

from app.errors import Misconfigured
from training import distance, export, fit, kept_shifts, metrics, results
from training.__main__ import main
from training.card_tables import FigureMissing
from training.out_of_fold import scores_of
from training.recipes.texture3 import RECIPE
from training.scored import ones
from training.shifts import SHIFTS

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

QUICK = dataclasses.replace(RECIPE, name="quick", seeds=(0,), views=1, folds=2)


@pytest.fixture(scope="module")
def place(crops, tmp_path_factory):
    """Where the recipe was fitted in its own folds, and not yet with every person left out alone."""
    place = tmp_path_factory.mktemp("each_person")
    fit.fit(QUICK, crops, folder=place / "runs", results_folder=place / "results")
    return place


def write_shifts(crops, folder):
    """A shift test under which nothing changes."""
    alone = QUICK.each_person()
    scored = scores_of(alone, crops.cells, folder=folder)[0]
    auc = float(metrics.auc(scored, ones(scored)))
    found = [{"shift": shift, "seed": 0, "cells": len(crops.cells), "auc": auc} for shift in SHIFTS]
    made_from = results.fingerprints(alone, crops.cells)
    kept_shifts.write(found, kept_shifts.path_of(alone.name, folder=folder), made_from=made_from)


def loaded(crops, place):
    return export.load(
        QUICK, crops, root=place, runs=place / "runs", results_folder=place / "results", smear_fields=None
    )


def test_a_fixed_network_is_not_exported_before_every_person_was_left_out_alone(crops, place):
    with pytest.raises(Misconfigured, match="Run `fit quick --each-person` to the end"):
        loaded(crops, place)


@pytest.fixture(scope="module")
def left_out(crops, place, tmp_path_factory):
    """Where the recipe was fitted with every person left out alone as well."""
    left_out = tmp_path_factory.mktemp("left_out")
    shutil.copytree(place, left_out, dirs_exist_ok=True)
    fit.fit(QUICK.each_person(), crops, folder=left_out / "runs", results_folder=left_out / "results")
    return left_out


def test_a_model_of_real_cells_is_not_exported_without_its_shift_test_and_that_is_told_before_any_work(crops, left_out):
    with pytest.raises(FigureMissing, match=r"quick_each_person is missing, .* with --shifts and --each-person\."):
        loaded(crops, left_out)


def test_what_is_exported_is_calibrated_on_networks_that_learned_from_all_people_but_one(crops, left_out, tmp_path):
    shutil.copytree(left_out, tmp_path, dirs_exist_ok=True)
    write_shifts(crops, tmp_path / "results")

    trained = loaded(crops, tmp_path)

    groups = np.array([cell.group for cell in crops.cells])
    *folds, final = trained.parts
    assert [set(groups[part.tested]) for part in folds] == [{name} for name in sorted(set(groups))]
    for part in folds:
        assert set(groups[part.learns]) == set(groups) - set(groups[part.tested])
    assert len(final.learns) == len(crops.cells)
    assert len(np.unique(trained.scored.folds)) == len(set(groups))
    _, away = distance.fitted(QUICK, crops, trained.parts, trained.network, pool=trained.scored)
    assert (away > 0).all()


def test_scores_of_an_earlier_form_of_the_recipe_calibrate_nothing(crops, place, monkeypatch):
    earlier = results.record(place / "results" / "quick.json") | {"recipe_fingerprint": "of before"}
    monkeypatch.setattr(results, "record", lambda _: earlier)

    with pytest.raises(
        results.ResultsDoNotFit, match=r"earlier form of this recipe\. Run `python -m training fit quick` again"
    ):
        loaded(crops, place)


@pytest.mark.parametrize("folds", [["--partition", "3"], ["--each-person"]])
def test_what_has_no_network_of_all_cells_is_not_exported(tmp_path, capsys, folds):
    code = main(["export", "smoke", "--version", "1", "--var", str(tmp_path), *folds])

    assert code == 1
    assert (
        "none that learned from all cells. Export `smoke` without --partition or --each-person."
        in capsys.readouterr().err
    )
