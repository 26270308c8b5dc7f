import numpy as np
import pytest

from training.varying import Varying


def drawn(*, cells=500, seed=0):
    """Features of which the last three are the loudness of waves that rise and fall together, and a little alone."""
    rng = np.random.default_rng(seed)
    loud = 3 + rng.normal(size=(cells, 1)) * [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=(cells, 3))
    return np.concatenate([rng.normal(2, 1, (cells, 2)), loud], axis=1)


def learned(features, groups=(), *, count=1, weights=None, varies_at=range(5)):
    if weights is None:
        weights = np.full(len(features), 1 / len(features))
    return Varying.learned(features, groups, loudness_at=[2, 3, 4], weights=weights, count=count, varies_at=varies_at)


def test_the_first_modifier_is_what_moves_all_waves_and_lies_between_its_limits():
    features = drawn()
    varying = learned(features, count=2)

    told = varying.modifiers(features)

    assert told.shape == (500, 2)
    assert abs(np.corrcoef(told[:, 0], features[:, 2:].sum(axis=1))[0, 1]) > 0.98
    np.testing.assert_allclose(np.arctanh(told).std(axis=0), 0.5, atol=1e-6)
    np.testing.assert_allclose(np.arctanh(told).mean(axis=0), 0, atol=1e-9)
    assert np.abs(varying.modifiers(features * 1000)).max() <= 1


def test_a_modifier_is_not_what_a_variation_moves():
    features = drawn()
    features[:, 4] = np.random.default_rng(1).normal(0, 10, 500)
    moved = features + np.random.default_rng(2).normal(0, 40, (500, 1)) * [0, 0, 0, 0, 1]

    among_cells, beside_variations = (
        np.abs(learned(features, groups).modifiers(features)[:, 0]) for groups in ([], [[moved]])
    )

    by_wave = [
        [abs(np.corrcoef(told, np.abs(features[:, wave] - features[:, wave].mean()))[0, 1]) for wave in (3, 4)]
        for told in (among_cells, beside_variations)
    ]
    assert by_wave[1][0] > 0.9
    assert by_wave[1][1] < min(0.1, by_wave[0][1])


def test_a_group_of_many_variations_counts_no_more_than_one_of_few():
    features = drawn()
    rng = np.random.default_rng(1)
    moved = features + rng.normal(size=features.shape)

    once, thrice = (learned(features, [[moved] * times]) for times in (1, 3))

    np.testing.assert_allclose(np.abs(thrice.directions), np.abs(once.directions), atol=1e-9)


def test_cells_that_weigh_nothing_change_no_modifier():
    features, weights = drawn(), np.zeros(500)
    weights[:100] = 0.01

    own = learned(features[:100], weights=weights[:100])
    among_others = learned(features, weights=weights)

    np.testing.assert_allclose(
        np.abs(among_others.modifiers(features)), np.abs(own.modifiers(features)), rtol=1e-6, atol=1e-9
    )


def test_waves_that_are_all_alike_give_numbers():
    alike = np.full((20, 5), 0.7)

    told = learned(alike, count=2).modifiers(alike)

    np.testing.assert_allclose(told, 0, atol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_what_varies_is_how_far_each_feature_is_from_the_middle_times_each_modifier(count):
    features = drawn()
    varying = learned(features, count=count)

    told = varying.features(features)

    assert told.shape == (500, 5 * (1 + count))
    np.testing.assert_array_equal(told[:, :5], features)
    for number in range(count):
        expected = (features - features.mean(axis=0)) * varying.modifiers(features)[:, [number]]
        np.testing.assert_allclose(told[:, 5 * (number + 1) : 5 * (number + 2)], expected, atol=1e-9)


def test_weights_vary_for_the_features_that_are_named_and_no_others():
    features = drawn()
    of_all, of_two = (learned(features, varies_at=varies_at) for varies_at in (range(5), [0, 3]))

    told = of_two.features(features)

    assert told.shape == (500, 5 + 2)
    np.testing.assert_allclose(told, of_all.features(features)[:, [*range(5), 5, 8]], atol=1e-12)
