"""From how far on a cell is atypical, and how many unseen cells are."""

import dataclasses

import numpy as np
import pytest

from training import distance, fit, results
from training.network import scores, trained
from training.out_of_fold import scored_by_seed
from training.parts import parts_of, place_of
from training.recipes.texture3 import RECIPE
from training.scored import pooled, subject_weights

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

QUICK = dataclasses.replace(RECIPE, name="quick", seeds=(1, 0), views=1, folds=2)


@pytest.fixture(scope="module")
def walked(crops, tmp_path_factory):
    """The parts of a finished recipe of two partitions, and the scores on both."""
    place = tmp_path_factory.mktemp("distance")
    fit.fit(QUICK, crops, folder=place / "runs", results_folder=place / "results")
    parts = parts_of(QUICK, crops, folder=place_of(QUICK, crops, folder=place / "runs"))
    on = scored_by_seed(results.read(place / "results" / "quick.csv"), crops.cells, seeds=QUICK.seeds)
    return parts, pooled(list(on.values()))


def fitted(recipe, crops, walked):
    parts, pool = walked
    return distance.fitted(recipe, crops, parts, trained(recipe, parts[-1]), pool=pool)


def test_a_fixed_network_is_asked_once_and_says_what_each_folds_network_would(crops, walked):
    told, away = fitted(QUICK, crops, walked)
    asked_each, of_each = fitted(dataclasses.replace(QUICK, views=None), crops, walked)

    np.testing.assert_allclose(of_each, away, rtol=1e-5)
    assert asked_each.atypical_from == pytest.approx(told.atypical_from, rel=1e-4)


def test_a_cell_is_as_far_away_as_it_is_from_the_people_its_network_learned_from(crops, walked):
    parts, _ = walked
    told, away = fitted(QUICK, crops, walked)
    part = next(one for one in parts if one.seed == 0 and one.fold == 1)
    everything = np.arange(len(crops.cells))
    seen = scores(trained(QUICK, part), crops, everything, size=QUICK.size)["embedding"].astype(np.float64)
    sick = crops.labels[part.learns] == 1
    means = [seen[part.learns[sick == one]].mean(axis=0) for one in (False, True)]
    within = np.concatenate([seen[part.learns[sick == one]] - means[one] for one in (False, True)])
    from_each = [
        np.sqrt((((seen[part.tested] - mean) / (within.std(axis=0) + 1e-3)) ** 2).mean(axis=1)) for mean in means
    ]

    here = len(crops.cells) + part.tested
    np.testing.assert_allclose(away[here], np.minimum(*from_each), rtol=1e-3)
    assert all(np.isfinite(one).all() for one in (told.hem_mean, told.all_mean, told.deviation))


def test_the_limit_is_of_all_partitions_and_99_in_100_unseen_cells_keep_it(crops, walked):
    _, pool = walked
    told, away = fitted(QUICK, crops, walked)

    weights = subject_weights(pool)
    assert weights[away > told.atypical_from + 1e-4].sum() <= 0.01
    assert weights[away >= told.atypical_from - 1e-4].sum() >= 0.01


def test_a_person_far_from_all_others_is_beyond_the_limit_that_those_others_give(crops, walked):
    _, pool = walked
    odd = pool.groups[pool.is_all][0]
    away = np.where(pool.groups == odd, 9.0, 1.0) + np.linspace(0, 0.1, len(pool.groups))

    told = distance.beyond(pool, away)

    persons = len(np.unique(pool.groups[pool.is_all]))
    far_all, far_hem = (np.array(told[name], np.float64)[0] for name in ("far_all", "far_hem"))
    assert far_hem < 1 / persons <= far_all
