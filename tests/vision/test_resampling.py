"""An image that was scaled or turned since its cell was cut out is told by the ends of the cell's rows and columns."""

import numpy as np
import pytest
from PIL import Image

from app.vision.drawn import CELLS, NOT_CELLS, draw
from app.vision.preprocess import cell_mask
from app.vision.resampling import LIMIT, evenness, repeats, was_resampled

SEEDS = (1, 2, 3)
RESAMPLING = Image.Resampling


def scaled(pixels, factor, how=RESAMPLING.BICUBIC):
    side = round(factor * len(pixels))
    return np.asarray(Image.fromarray(pixels).resize((side, side), how))


def turned(pixels, degrees):
    return np.asarray(Image.fromarray(pixels).rotate(degrees, RESAMPLING.BICUBIC))


@pytest.mark.parametrize("look", [*CELLS, *NOT_CELLS])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_never_scaled_is_not_taken_for_it(seed, look):
    assert not was_resampled(draw(seed, look))


@pytest.mark.parametrize("how", [RESAMPLING.LANCZOS, RESAMPLING.BICUBIC, RESAMPLING.BILINEAR])
@pytest.mark.parametrize("factor", [0.5, 0.75, 0.9, 0.95, 1.05, 1.2, 1.5])
@pytest.mark.parametrize("look", CELLS)
def test_what_was_scaled_is_known_for_it_whichever_filter_did_it(look, factor, how):
    assert all(was_resampled(scaled(draw(seed, look), factor, how)) for seed in SEEDS)


@pytest.mark.parametrize("degrees", [1, 10, 45])
def test_so_is_what_was_turned_by_less_than_a_quarter(degrees):
    assert all(was_resampled(turned(draw(seed, CELLS[0]), degrees)) for seed in SEEDS)


@pytest.mark.parametrize("factor", [1.02, 1.2, 2])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_was_enlarged_without_smoothing_is_known_by_rows_or_columns_that_repeat(factor, axis):
    pixels = draw(1, CELLS[0])
    longer = np.take(pixels, (np.arange(int(450 * factor)) / factor).astype(int), axis=axis)

    assert not repeats(pixels, cell_mask(pixels))
    assert repeats(longer, cell_mask(longer))
    assert was_resampled(longer)


@pytest.mark.parametrize(
    "changed",
    [
        np.rot90,
        lambda pixels: pixels[:, ::-1],
        lambda pixels: pixels[20:-20, 30:],
        lambda pixels: np.roll(pixels, (3, 5), axis=(0, 1)),
        lambda pixels: (pixels * 0.8).astype(np.uint8),
        lambda pixels: np.clip(pixels * 1.3, 0, 255).astype(np.uint8),
        lambda pixels: (255 * (pixels / 255) ** 0.8).astype(np.uint8),
    ],
    ids=["turned by a quarter", "mirrored", "in another frame", "moved", "darker", "brighter", "gamma"],
)
def test_what_keeps_the_pixels_apart_keeps_what_they_tell(changed):
    plain, half = draw(1, CELLS[0]), turned(draw(1, CELLS[0]), 5)

    assert not was_resampled(np.ascontiguousarray(changed(plain)))
    assert was_resampled(np.ascontiguousarray(changed(half)))


def test_a_cell_that_was_cut_out_along_whole_pixels_after_it_was_scaled_tells_nothing():
    pixels = scaled(draw(1, CELLS[0]), 0.75)
    rows, columns = np.indices(pixels.shape[:2])
    cut = pixels * (np.hypot(rows - len(pixels) / 2, columns - len(pixels) / 2) < 40)[..., None]

    assert evenness(cut, cell_mask(cut)) > LIMIT


def test_a_cell_that_runs_into_every_side_or_none_at_all_tells_nothing():
    lit, black = np.full((450, 450, 3), 100, np.uint8), np.zeros((450, 450, 3), np.uint8)

    for pixels in (lit, black, lit[:1, :1], lit[:3], black[:2]):
        mask = cell_mask(pixels)
        assert evenness(pixels, mask) == 1.0
    assert not was_resampled(black)
    assert not repeats(black, cell_mask(black))
    assert repeats(lit, cell_mask(lit)), "of one colour: no camera takes that"


def test_a_black_gap_between_a_cell_and_its_debris_does_not_repeat():
    pixels = draw(1, CELLS[0])
    pixels[200:260] = 0

    assert not repeats(pixels, pixels.max(axis=2) > 0)
