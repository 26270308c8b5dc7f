import numpy as np
import pytest

from training.pretrain import contrast

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


def test_twins_that_lie_together_cost_little_and_twins_among_others_much():
    directions = np.eye(4, dtype=np.float32)
    together = np.concatenate([directions, directions])
    apart = np.concatenate([directions, np.roll(directions, 1, axis=0)])

    low, high = (np.asarray(contrast(None, projected)) for projected in (together, apart))

    assert low == pytest.approx(np.full(8, np.log1p(6 * np.exp(-5.0))), abs=1e-4)
    assert (high > 4).all()


def test_how_long_a_projection_is_makes_no_difference():
    projected = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)

    one, other = (np.asarray(contrast(None, factor * projected)) for factor in (1.0, 7.0))

    assert other == pytest.approx(one, abs=1e-4)
