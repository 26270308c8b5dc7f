import dataclasses

import numpy as np
import pytest

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training.augment import CELL, middle, tinted, turned, varier
from training.recipe import Augment

STILL = Augment(
    unwarped_share=1.0, gamma_sigma=0.0, channel_sigma=0.0, noise_share=0.0, eroded_share=0.0, opened_share=0.0
)


@pytest.fixture(scope="module")
def stored():
    square = crop(draw(1, Look.BLAST), size=288)
    return square, (square.max(axis=2) > 0).astype(np.uint8) * CELL


def test_an_unwarped_cell_keeps_the_very_pixels_that_the_service_sees(stored):
    square, outline = stored
    seen = varier(STILL, size=224).vary(square, outline, rng=np.random.default_rng(3))

    views = [turned(middle(square, size=224), turns=turns, flip=flip) for turns in range(4) for flip in (False, True)]

    assert any(np.array_equal(seen, view) for view in views)


@pytest.mark.parametrize("seed", range(20))
def test_the_background_stays_black_under_every_variation(stored, seed):
    square, outline = stored
    only_recoloured = Augment(unwarped_share=1.0, noise_share=1.0)
    seen = varier(only_recoloured, size=224).vary(square, outline * 7, rng=np.random.default_rng(seed))

    kept = np.sort((seen.max(axis=2) > 0).ravel())

    assert kept.sum() <= (middle(square, size=224).max(axis=2) > 0).sum()


def test_the_same_seed_gives_the_same_variation(stored):
    square, outline = stored
    vary = varier(Augment(), size=224).vary

    one, again = (vary(square, outline * 7, rng=np.random.default_rng(5)) for _ in range(2))

    assert np.array_equal(one, again)


def test_a_warp_changes_the_area_by_no_more_than_the_scale_allows(stored):
    square, outline = stored
    warped = Augment(unwarped_share=0.0, scale_log=0.2, shift_px=0.0, noise_share=0.0, eroded_share=0, opened_share=0)
    vary = varier(warped, size=288).vary
    area = (square.max(axis=2) > 0).sum()

    areas = [(vary(square, outline, rng=np.random.default_rng(seed)).max(axis=2) > 0).sum() for seed in range(30)]

    assert min(areas) > area * np.exp(-0.45)
    assert max(areas) < area * np.exp(0.45)
    assert max(areas) > min(areas) * 1.2


def test_one_factor_brightens_every_channel_alike_and_no_further_than_asked(stored):
    square, outline = stored
    brightened = dataclasses.replace(STILL, brightness=0.5)
    vary = varier(brightened, size=288).vary

    means = np.array([vary(square, outline, rng=np.random.default_rng(seed)).mean(axis=(0, 1)) for seed in range(30)])

    factors = means / square.mean(axis=(0, 1))
    assert np.allclose(factors, factors[:, :1], atol=0.05)
    assert factors.min() > 0.45
    assert factors.max() < 1.55
    assert factors.max() > 2 * factors.min()


def test_a_tint_gives_each_channel_a_gain_of_its_own_and_leaves_black_black(stored):
    square, _ = stored
    dark = square // 2

    found = [tinted(dark, sigma=0.1, rng=np.random.default_rng(seed)) for seed in range(30)]

    gains = np.array([one[dark > 60].mean() / dark[dark > 60].mean() for one in found])
    each = np.array([one.mean(axis=(0, 1)) for one in found]) / dark.mean(axis=(0, 1))
    assert 0.03 < np.log(each).std() < 0.2
    assert np.ptp(each, axis=1).min() > 0.001
    assert gains.min() < 1 < gains.max()
    assert not np.concatenate([one[dark.max(axis=2) == 0] for one in found]).any()
