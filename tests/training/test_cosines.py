import numpy as np
import pytest

from training.networks import cosines

pytestmark = pytest.mark.tensorflow


def test_waves_are_of_one_strength_and_at_right_angles_but_for_their_loudness():
    waves, bank = cosines.waves(5), cosines.bank(5)

    flat = bank.reshape(-1, len(waves)) * [one.loudness for one in waves]

    np.testing.assert_allclose(flat.T @ flat, np.eye(63), atol=1e-5)


def test_an_even_patch_moves_no_wave():
    patch = np.ones((5, 5, 3)) * [90.0, 60.0, 120.0]

    answers = np.einsum("ijc,ijck->k", patch, cosines.bank(5))

    np.testing.assert_allclose(answers, 0, atol=1e-3)


@pytest.mark.parametrize("turn", [np.rot90, np.flipud, np.fliplr])
def test_turns_and_flips_only_exchange_what_is_shared(turn):
    patch, bank = np.random.default_rng(0).normal(size=(5, 5, 3)), cosines.bank(5)

    def told(seen):
        answers = np.einsum("ijc,ijck->k", seen, bank)
        return answers @ cosines.shared(5, signed=True), np.abs(answers) @ cosines.shared(5, signed=False)

    for before, after in zip(told(patch), told(turn(patch)), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_sharing_averages_every_wave_once_and_of_their_signs_the_even_ones():
    loud, signed = (cosines.shared(5, signed=one) for one in (False, True))

    assert (loud > 0).sum(axis=1).tolist() == [1] * len(cosines.waves(5))
    assert (signed > 0).sum(axis=1).tolist() == [0 if wave.is_odd else 1 for wave in cosines.waves(5)]
    for averaging in (loud, signed):
        np.testing.assert_allclose(averaging.sum(axis=0), 1, rtol=1e-5)
