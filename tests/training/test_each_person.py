"""What is served learned from all people: its calibration and limits are of networks that learned from all but one."""

import dataclasses

import numpy as np
import pytest

from training import distance, export, fit, results
from training.recipes.texture3 import RECIPE

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

QUICK = dataclasses.replace(RECIPE, name="quick", seeds=(0,), views=1, folds=2)


@pytest.fixture(scope="module")
def place(crops, tmp_path_factory):
    """Where the recipe was fitted in its own folds, and not yet with every person left out alone."""
    place = tmp_path_factory.mktemp("each_person")
    fit.fit(QUICK, crops, folder=place / "runs", results_folder=place / "results")
    return place


def loaded(crops, place):
    return export.load(
        QUICK, crops, root=place, runs=place / "runs", results_folder=place / "results", smear_fields=None
    )


def test_a_fixed_network_is_not_exported_before_every_person_was_left_out_alone(crops, place):
    with pytest.raises(results.ResultsDoNotFit, match="Run `python -m training fit quick --each-person` first"):
        loaded(crops, place)


def test_what_is_exported_is_calibrated_on_networks_that_learned_from_all_people_but_one(crops, place):
    fit.fit(QUICK.each_person(), crops, folder=place / "runs", results_folder=place / "results")

    trained = loaded(crops, place)

    groups = np.array([cell.group for cell in crops.cells])
    *folds, final = trained.parts
    assert [set(groups[part.tested]) for part in folds] == [{name} for name in sorted(set(groups))]
    for part in folds:
        assert set(groups[part.learns]) == set(groups) - set(groups[part.tested])
    assert len(final.learns) == len(crops.cells)
    assert len(np.unique(trained.scored.folds)) == len(set(groups))
    _, away = distance.fitted(QUICK, crops, trained.parts, trained.network, pool=trained.scored)
    assert (away > 0).all()
