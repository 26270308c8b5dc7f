import numpy as np
import pytest

from training.networks import cosines

pytestmark = pytest.mark.tensorflow

WAVES = cosines.waves(5)
BANK = cosines.bank(WAVES, side=5)


def _answers(patch):
    """Of one 5 x 5 x 3 patch in red, green and blue."""
    return np.einsum("ijc,ijck->ck", patch @ cosines.colours().T, BANK).ravel()


def test_waves_are_of_one_strength_and_at_right_angles_but_for_their_loudness():
    filters = np.einsum("ijck,cd->ijdck", BANK, cosines.colours()).reshape(5 * 5 * 3, -1)

    flat = filters * [one.loudness for one in WAVES]

    np.testing.assert_allclose(flat.T @ flat, np.eye(63), atol=1e-5)


def test_an_even_patch_moves_no_wave():
    patch = np.ones((5, 5, 3)) * [90.0, 60.0, 120.0]

    answers = _answers(patch)

    np.testing.assert_allclose(answers, 0, atol=1e-3)


@pytest.mark.parametrize("turn", [np.rot90, np.flipud, np.fliplr])
def test_turns_and_flips_only_exchange_what_is_shared(turn):
    patch = np.random.default_rng(0).normal(size=(5, 5, 3))

    def told(seen):
        answers = _answers(seen)
        return answers @ cosines.shared(WAVES, signed=True), np.abs(answers) @ cosines.shared(WAVES, signed=False)

    for before, after in zip(told(patch), told(turn(patch)), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_sharing_averages_every_wave_once_and_of_their_signs_the_even_ones():
    loud, signed = (cosines.shared(WAVES, signed=one) for one in (False, True))

    assert (loud > 0).sum(axis=1).tolist() == [1] * len(WAVES)
    assert (signed > 0).sum(axis=1).tolist() == [0 if wave.is_odd else 1 for wave in WAVES]
    for averaging in (loud, signed):
        np.testing.assert_allclose(averaging.sum(axis=0), 1, rtol=1e-5)


def test_what_is_finer_than_was_asked_for_is_left_out():
    coarse = cosines.waves(5, finest=4)

    assert len(coarse) == 42
    assert all(wave in WAVES and wave.down + wave.across <= 4 for wave in coarse)
    assert cosines.bank(coarse, side=5).shape == (5, 5, 3, 14)
