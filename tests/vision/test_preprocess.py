import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vision.drawn import Look, draw
from app.vision.preprocess import cell_mask, centroid, crop


def disc(size, *, centre, radius, colour=(120, 60, 130)):
    rows, columns = np.mgrid[:size, :size]
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    return (inside[..., None] * np.array(colour)).astype(np.uint8), inside


def test_the_mask_is_the_cell_to_the_pixel():
    pixels, inside = disc(450, centre=(200, 260), radius=100)

    mask = cell_mask(pixels)

    assert np.array_equal(mask, inside)


def test_a_dark_hole_inside_belongs_to_the_cell_and_a_speck_outside_does_not():
    pixels, inside = disc(450, centre=(225, 225), radius=100)
    pixels[215:235, 215:235] = 0
    pixels[10:16, 10:16] = 200

    mask = cell_mask(pixels)

    assert np.array_equal(mask, inside)


def test_faint_noise_as_jpeg_leaves_it_around_a_cell_is_background():
    pixels, inside = disc(450, centre=(225, 225), radius=100)
    ringing = np.random.default_rng(0).integers(0, 12, pixels.shape).astype(np.uint8)

    mask = cell_mask(np.maximum(pixels, ringing))

    assert np.array_equal(mask, inside)


def test_a_cell_is_centred_at_its_own_scale_and_never_resized():
    pixels, inside = disc(450, centre=(130, 330), radius=60)

    square = crop(pixels, size=224)

    lit = square.max(axis=2) > 0
    assert square.shape == (224, 224, 3)
    assert lit.sum() == inside.sum()
    assert centroid(lit) == pytest.approx((112, 112), abs=0.5)


def test_what_lies_outside_the_mask_is_black_in_the_crop():
    pixels, inside = disc(450, centre=(225, 225), radius=60)
    pixels[225 - 5 : 225 + 5, 320:330] = 255

    square = crop(pixels, size=224)

    assert (square.max(axis=2) > 0).sum() == inside.sum()


def test_a_cell_larger_than_the_crop_loses_its_rim_and_keeps_its_scale():
    pixels, _ = disc(450, centre=(225, 225), radius=200)

    square = crop(pixels, size=224)

    assert (square.max(axis=2) > 0).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 3), (450, 450, 3), (2000, 30, 3)])
def test_an_image_without_a_cell_gives_a_black_square(shape):
    square = crop(np.zeros(shape, np.uint8), size=224)

    assert square.shape == (224, 224, 3)
    assert not square.any()


def test_the_smaller_crop_is_the_middle_of_the_larger_one():
    pixels = draw(3, Look.BLAST)

    large, small = crop(pixels, size=288), crop(pixels, size=224)

    assert np.array_equal(large[32:-32, 32:-32], small)


@settings(deadline=None, max_examples=20)
@given(st.integers(-60, 60), st.integers(-60, 60))
def test_moving_the_cell_in_its_frame_does_not_change_the_crop(down, right):
    pixels = draw(5, Look.HEALTHY)
    moved = np.roll(pixels, (down // 4 * 4, right // 4 * 4), axis=(0, 1))

    here, there = crop(pixels, size=224), crop(moved, size=224)

    assert np.array_equal(here, there)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_looking_only_where_there_is_light_finds_the_same_cell(seed):
    """Against the same image with four faint corners, for which the search must run over all of it."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 500, 2)
    pixels = np.zeros((height, width, 3), np.uint8)
    for _ in range(rng.integers(1, 6)):
        top, left = rng.integers(0, height - 8), rng.integers(0, width - 8)
        patch = pixels[top : top + rng.integers(9, 200), left : left + rng.integers(9, 200)]
        patch[...] = rng.integers(13, 256, 3)
        patch[2:-6, 3:5] = 0
    lit = pixels.copy()
    lit[0, 0] = lit[0, -1] = lit[-1, 0] = lit[-1, -1] = np.where(pixels[0, 0].any(), pixels[0, 0], 13)

    near, everywhere = cell_mask(pixels), cell_mask(lit)

    corners = np.zeros_like(near)
    corners[:9, :9] = corners[:9, -9:] = corners[-9:, :9] = corners[-9:, -9:] = True
    touched = (pixels.max(axis=2) > 12)[corners].any()
    assert touched or np.array_equal(near & ~corners, everywhere & ~corners)
