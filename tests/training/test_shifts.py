"""Each shift of the shift test does to a cell what its name says, and nothing else."""

import keras
import numpy as np
import pytest

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from tests.training.heads import drawn_weights
from training import shifts
from training.dataset import STORED_SIDE, outline_map
from training.network import build
from training.recipes import texture8
from training.steps import OF_THE_OUTLINE, TINTED_OR_SIZED

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def square():
    """A drawn cell as it is stored, dark enough that no channel is cut off when it is made brighter."""
    return crop(draw(3, Look.BLAST), size=STORED_SIDE) // 2


@pytest.fixture(scope="module")
def outline(square):
    return outline_map(square)


def area(pixels):
    return np.count_nonzero(pixels.max(axis=2))


@pytest.mark.parametrize(("name", "factor"), [("area x .85", 0.85), ("area x 1.15", 1.15)])
def test_a_cell_of_another_area_covers_that_many_times_the_pixels_about_the_same_middle(square, outline, name, factor):
    shifted = shifts.SHIFTS[name](square, outline)

    assert shifted.shape == square.shape
    assert area(shifted) / area(square) == pytest.approx(factor, abs=0.02)
    middles = [np.argwhere(one.max(axis=2) > 0).mean(axis=0) for one in (square, shifted)]
    assert middles[0] == pytest.approx(middles[1], abs=1)
    colours = [np.median(one[one.max(axis=2) > 0], axis=0) for one in (square, shifted)]
    assert colours[0] == pytest.approx(colours[1], abs=1)


@pytest.mark.parametrize(("name", "factor"), [("brightness x .8", 0.8), ("brightness x 1.3", 1.3)])
def test_a_cell_of_another_brightness_has_each_channel_times_that_factor(square, outline, name, factor):
    shifted = shifts.SHIFTS[name](square, outline)

    assert shifted == pytest.approx(square * factor, abs=0.51)
    assert shifted.dtype == np.uint8


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize(("channel", "place"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_tint_changes_its_own_channel_by_its_factor_and_no_other(square, outline, channel, place, factor):
    shifted = shifts.SHIFTS[f"{channel} x {factor:g}".replace("0.", ".")](square, outline)

    others = [one for one in range(3) if one != place]
    assert shifted[..., place] == pytest.approx(square[..., place] * factor, abs=0.51)
    assert np.array_equal(shifted[..., others], square[..., others])
    assert not np.array_equal(shifted, square)


def test_what_would_be_brighter_than_white_is_white():
    white = np.full((4, 4, 3), 250, np.uint8)

    shifted = shifts.SHIFTS["brightness x 1.3"](white, np.ones((4, 4), np.uint8))

    assert (shifted == 255).all()


def test_an_eroded_outline_takes_a_rim_of_four_pixels_and_leaves_the_rest_as_it_was(square, outline):
    shifted = shifts.SHIFTS["outline eroded by 4 px"](square, outline)

    widths = [np.ptp(np.flatnonzero(one.max(axis=(0, 2)))) for one in (square, shifted)]
    assert widths[0] - widths[1] == pytest.approx(8, abs=2)
    kept = shifted.max(axis=2) > 0
    assert 0 < kept.sum() < area(square)
    assert np.array_equal(shifted[kept], square[kept])


def test_an_opened_outline_loses_a_thin_spike_and_keeps_the_body():
    square = np.zeros((96, 96, 3), np.uint8)
    square[20:70, 20:70] = 90
    square[44:47, 70:90] = 90

    shifted = shifts.SHIFTS["outline opened"](square, outline_map(square))

    assert not shifted[44:47, 74:90].any()
    assert np.array_equal(shifted[24:66, 24:66], square[24:66, 24:66])


def test_a_silhouette_has_one_colour_and_the_cells_own_shape(square, outline):
    shifted = shifts.SHIFTS["silhouette only"](square, outline)

    inside = square.max(axis=2) > 0
    assert np.unique(shifted[inside]).tolist() == [shifts.SILHOUETTE_GREY]
    assert not shifted[~inside].any()


@pytest.mark.parametrize("name", shifts.SHIFTS)
def test_no_shift_changes_the_cell_that_it_was_given(square, outline, name):
    before = square.copy()

    shifted = shifts.SHIFTS[name](square, outline)

    assert np.array_equal(square, before)
    may_stay = {"nothing changed", "outline opened"}  # a round cell has nothing to open
    assert not np.array_equal(shifted, before) or name in may_stay


def test_three_of_the_shifts_are_of_the_outline_ten_of_size_or_colour_and_two_of_neither():
    edges = [name for name in shifts.SHIFTS if name.startswith(OF_THE_OUTLINE)]
    others = [name for name in shifts.SHIFTS if not name.startswith((*OF_THE_OUTLINE, *TINTED_OR_SIZED))]

    assert edges == ["outline eroded by 4 px", "outline opened", "silhouette only"]
    assert others == ["nothing changed", "a JPEG file of quality 95"]
    assert len(shifts.SHIFTS) == 15


def test_a_cell_as_it_is_is_the_cell(square, outline):
    assert np.array_equal(shifts.SHIFTS["nothing changed"](square, outline), square)


def test_a_jpeg_file_moves_pixels_of_the_cell_a_little_and_leaves_black_black(square, outline):
    stored = shifts.SHIFTS["a JPEG file of quality 95"](square, outline)

    assert not stored[square.max(axis=2) == 0].any()
    moved = np.abs(stored.astype(int) - square)[square.max(axis=2) > 0]
    assert 0.2 < moved.mean() < 6


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TensorFlow
def test_shifted_cells_get_the_same_scores_from_onnx_runtime_and_from_keras(monkeypatch):
    network = build(texture8.RECIPE)
    drawn_weights(network, deviation=0.01)
    pixels = np.stack([crop(draw(number, Look.BLAST), size=texture8.RECIPE.size) for number in range(3)])

    served = shifts.scorer(network, size=texture8.RECIPE.size)(pixels)
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    trained = shifts.scorer(network, size=texture8.RECIPE.size)(pixels)

    assert served.shape == trained.shape == (3,)
    assert served == pytest.approx(trained, abs=1e-3)
    assert np.ptp(served) > 0.01
