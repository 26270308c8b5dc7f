"""Pixels that went through a lossy compression are told by the grid of its blocks, whatever file they come in."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app.vision.compression import LIMIT, trace, was_compressed
from app.vision.decode import Limits, decode
from app.vision.drawn import CELLS, NOT_CELLS, draw

SEEDS = (1, 2, 3)


def through(pixels, kind="JPEG", **how):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    return decode(file.getvalue(), limits=Limits()) * (pixels.max(axis=2, keepdims=True) > 0)


@pytest.mark.parametrize("look", [*CELLS, *NOT_CELLS])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_never_compressed_is_not_taken_for_it(seed, look):
    assert not was_compressed(draw(seed, look))


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *(("JPEG", {"quality": quality}) for quality in (50, 75, 90, 95, 98)),
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("WEBP", {"quality": 95}),
    ],
)
@pytest.mark.parametrize("look", CELLS)
def test_what_was_compressed_once_is_known_for_it(look, kind, how):
    assert all(was_compressed(through(draw(seed, look), kind, **how)) for seed in SEEDS)


@pytest.mark.parametrize(
    "changed",
    [
        lambda pixels: np.roll(pixels, (3, 5), axis=(0, 1)),
        np.rot90,
        lambda pixels: pixels[:, ::-1],
        lambda pixels: np.pad(pixels, ((7, 0), (2, 9), (0, 0))),
        lambda pixels: (pixels * 0.9).astype(np.uint8),
    ],
    ids=["moved", "turned by a quarter", "mirrored", "on a larger image", "darker"],
)
def test_it_is_known_wherever_its_grid_came_to_lie(changed):
    compressed = through(draw(1, CELLS[0]), quality=90)

    assert was_compressed(np.ascontiguousarray(changed(compressed)))
    assert not was_compressed(np.ascontiguousarray(changed(draw(1, CELLS[0]))))


def test_of_a_cell_that_is_too_small_for_a_few_whole_blocks_nothing_is_said():
    pixels = np.zeros((450, 450, 3), np.uint8)
    assert trace(pixels) == 0.0

    pixels[200:221, 200:221] = np.random.default_rng(0).integers(80, 160, (21, 21, 3))
    assert trace(pixels) == 0.0
    assert trace(through(pixels, quality=75)) == 0.0

    pixels[200:202] = 100  # a long streak
    assert trace(pixels) == 0.0


def test_a_blur_without_any_grid_is_no_trace():
    smooth = np.asarray(Image.fromarray(draw(1, CELLS[0])).filter(ImageFilter.GaussianBlur(2)))

    assert trace(smooth) < LIMIT
