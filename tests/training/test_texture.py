from functools import partial

import keras
import numpy as np
import pytest

from app.vision.drawn import CELLS, draw
from app.vision.preprocess import crop
from tests.training.heads import drawn_weights
from training.network import build
from training.networks import heads, ours
from training.recipes import texture8, texture9, texture10, texture11

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.fixture(scope="module")
def pixels():
    """Crops of four drawn cells of two looks."""
    cells = [draw(number, look) for number, look in enumerate([CELLS[-1], CELLS[0]] * 2)]
    return np.stack([crop(cell, size=224) for cell in cells]).astype(np.float32)


def test_the_head_reads_how_far_the_answers_go_beyond_each_limit_and_nothing_where_no_place_counts():
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(2, 4, 4, 2)).astype(np.float32)
    weights = np.zeros((2, 4, 4, 1), np.float32)
    weights[0, 1:, 1:] = 1 / 9
    both = np.eye(2, dtype=np.float32)
    head = heads.TextureHead(signed=both[:, :1], loud=both, thresholds=(0.5, 2.0), sized=False)

    _, _, (told, of_nothing) = (keras.ops.convert_to_numpy(one) for one in head([weights, answers]))

    seen = answers[0, 1:, 1:].reshape(9, 2)
    loudness = np.abs(seen).mean(axis=0)
    unit = loudness.mean()
    beyond = [np.maximum(np.abs(seen) - limit * unit, 0).mean(axis=0) / unit for limit in (0.5, 2.0)]
    expected = [seen.mean(axis=0)[:1] / unit, loudness / unit, *beyond, np.log(loudness)]
    np.testing.assert_allclose(told, np.concatenate(expected), atol=1e-6)
    np.testing.assert_allclose(of_nothing, [0, 1, 1, 0, 0, 0, 0, *2 * [np.log(1e-6)]], rtol=1e-6)


def test_coherence_is_how_far_brightness_and_red_against_blue_answer_alike_and_nothing_else_is_told_of_it():
    rng = np.random.default_rng(0)
    bright, other = rng.normal(size=(2, 4, 4)), rng.normal(size=(2, 4, 4))
    answers = np.stack([bright, np.stack([bright[0] * 3, -bright[1]]), other], axis=-1).astype(np.float32)
    answers[0, 0, 0, 1] = -5 * answers[0, 0, 0, 0]
    weights = np.full((2, 4, 4, 1), 1 / 16, np.float32)
    each = np.eye(3, dtype=np.float32)
    made = partial(heads.TextureHead, signed=each[:, :1], loud=each, thresholds=(1.3,), sized=False)

    both = [made(coherence=coherence)([weights, answers]) for coherence in (True, False)]

    told, without = (keras.ops.convert_to_numpy(embedding) for _, _, embedding in both)
    product = answers[..., 0] * answers[..., 1]
    alike = product.mean(axis=(1, 2)) / np.abs(product).mean(axis=(1, 2))
    np.testing.assert_allclose(told[:, -4], alike, atol=1e-6)
    assert told[1, -4] == pytest.approx(-1)
    assert -1 < told[0, -4] < 1
    np.testing.assert_array_equal(np.delete(told, -4, axis=1), without)


def test_together_is_how_far_two_colours_are_loud_at_the_same_places_against_chance():
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(2, 8, 8, 3)).astype(np.float32)
    answers[1, ..., 1] = -2 * answers[1, ..., 0]  # as loud at each place
    answers[1, :4, :, 2] = 0
    answers[1, 4:, :, :2] = 0  # never loud at once
    weights = np.full((2, 8, 8, 1), 1 / 64, np.float32)
    each = np.eye(3, dtype=np.float32)
    made = partial(heads.TextureHead, signed=each[:, :1], loud=each, thresholds=(1.3,), sized=False)

    told, without = (keras.ops.convert_to_numpy(made(together=together)([weights, answers])[2]) for together in (1, 0))

    loud = np.abs(answers)
    pairs = [(0, 1), (1, 2), (2, 0)]
    against_chance = [
        (loud[..., one] * loud[..., other]).mean(axis=(1, 2))
        / loud[..., one].mean(axis=(1, 2))
        / loud[..., other].mean(axis=(1, 2))
        for one, other in pairs
    ]
    np.testing.assert_allclose(told[0, -3:], np.log([one[0] for one in against_chance]), atol=1e-5)
    assert told[1, -3] > np.log(2)
    np.testing.assert_allclose(told[1, -2:], np.log(heads.LEAST_TOGETHER), rtol=1e-6)
    np.testing.assert_array_equal(told[:, :-3], without)


def test_the_map_of_the_texture_network_means_its_logit_and_a_turn_changes_little(pixels):
    network = ours.texture(size=224)
    head = network.get_layer("head")
    head.kernel.assign(np.random.default_rng(0).normal(0, 0.1, head.kernel.shape))

    told = network.predict(pixels, verbose=0)
    turned = network.predict(np.ascontiguousarray(np.rot90(pixels, 1, (1, 2))), verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    outside = pixels.max(axis=3).reshape(4, 56, 4, 56, 4).max(axis=(2, 4)) == 0
    assert not told["cam"][..., 0][outside].any()
    moved = np.abs(turned["embedding"] - told["embedding"]).mean()
    assert moved < 0.25 * np.abs(told["embedding"] - told["embedding"][[1, 2, 3, 0]]).mean()
    assert network.count_params() == told["embedding"].shape[1] + 3 == 471


def test_a_network_that_is_told_the_size_reads_the_share_of_places_in_the_cell_and_its_map_means_its_logit(
    pixels,
):
    network = ours.texture(size=224, sized=True)
    head = network.get_layer("head")
    head.kernel.assign(np.random.default_rng(0).normal(0, 0.1, head.kernel.shape))

    told = network.predict(pixels, verbose=0)

    covered = (pixels.max(axis=3) > 0).reshape(4, 56, 4, 56, 4).all(axis=(2, 4)).mean(axis=(1, 2))
    np.testing.assert_allclose(told["embedding"][:, -1], covered, atol=1e-6)
    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    outside = pixels.max(axis=3).reshape(4, 56, 4, 56, 4).max(axis=(2, 4)) == 0
    assert not told["cam"][..., 0][outside].any()
    plain = ours.texture(size=224).predict(pixels, verbose=0)["embedding"]
    np.testing.assert_array_equal(told["embedding"][:, :-1], plain)
    assert network.count_params() == 472


def test_a_black_picture_gives_numbers():
    network = ours.texture(size=224)

    told = network.predict(np.zeros((1, 224, 224, 3), np.float32), verbose=0)

    assert all(np.isfinite(one).all() for one in told.values())
    assert isinstance(network, keras.Model)


@pytest.mark.parametrize("radius", [80, 400])
def test_a_window_that_reaches_beyond_cell_or_crop_says_nothing(radius):
    rows, columns = np.mgrid[:224, :224] - 111.5
    depth = np.minimum(radius - np.hypot(rows, columns), 112 - np.maximum(abs(rows), abs(columns)))
    noise = np.random.default_rng(0).integers(40, 90, (1, 224, 224, 3))
    pixels = noise.astype(np.float32) * (np.hypot(rows, columns) < radius)[..., None]
    network = ours.texture(size=224)
    head = network.get_layer("head")
    of_a_scale = head.kernel.shape[0] // 3

    for place, reach in enumerate((2.5, 5, 10)):
        kernel = np.zeros(head.kernel.shape)
        kernel[place * of_a_scale : (place + 1) * of_a_scale] = 1
        head.kernel.assign(kernel)
        spoken = network.predict(pixels, verbose=0)["cam"][0, ..., 0] != 0
        nearest = depth.reshape(56, 4, 56, 4).max(axis=(1, 3))
        assert spoken.any()
        assert nearest[spoken].min() > reach


def test_the_map_of_a_network_whose_weights_vary_still_means_its_logit(pixels):
    network = ours.texture(size=224, sized=True, modifiers=2)
    drawn_weights(network, deviation=0.1)

    told = network.predict(pixels, verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    outside = pixels.max(axis=3).reshape(4, 56, 4, 56, 4).max(axis=(2, 4)) == 0
    assert not told["cam"][..., 0][outside].any()
    plain = ours.texture(size=224, sized=True).predict(pixels, verbose=0)["embedding"]
    np.testing.assert_array_equal(told["embedding"], plain)
    assert network.count_params() == 472 + 2 * (469 + 3) + 2 * (72 + 1)


def test_a_scale_that_looks_at_fewer_places_says_what_it_says_of_one_for_all_near_it(pixels):
    network = ours.texture(
        size=224, scales=(1, 2, 4, 8), steps=(4, 4, 4, 8), finest=4, thresholds=(1.3,), sized=True, modifiers=2
    )
    head = network.get_layer("head")
    drawn_weights(network, deviation=0.1)

    told = network.predict(pixels, verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    assert told["embedding"].shape == (4, 4 * 81 + 1)
    assert max(head.loudness_at) < 3 * 81  # what modifies is told by the three finest scales

    head.kernel.assign(np.where(np.arange(4 * 81 + 1) // 81 == 3, head.kernel, 0))
    for weight in (head.bias, head.varying_kernel, head.varying_bias):
        weight.assign(np.zeros(weight.shape))
    blocks = network.predict(pixels, verbose=0)["cam"].reshape(4, 28, 2, 28, 2)

    np.testing.assert_array_equal(blocks, blocks[:, :, :1, :, :1] * np.ones((1, 1, 2, 1, 2)))
    spoken = blocks[:, :, 0, :, 0] != 0
    within = (pixels.max(axis=3) > 0).reshape(4, 28, 8, 28, 8).all(axis=(2, 4))
    assert spoken.any()
    assert within[spoken].all()


def test_a_network_that_hears_coherence_tells_whether_what_is_darker_is_redder_or_bluer_however_a_cell_lies():
    rng = np.random.default_rng(0)
    inside = (np.hypot(*(np.mgrid[:224, :224] - 111.5)) < 90)[..., None]
    louder_red, louder_blue = (rng.normal(90, louder, (224, 224, 3)) for louder in ((20, 5, 5), (5, 5, 20)))
    pixels = (np.stack([louder_red, louder_blue]).clip(1, 255).round() * inside).astype(np.float32)
    network = build(texture8.RECIPE)
    drawn_weights(network, deviation=0.1)

    told = network.predict(pixels, verbose=0)
    turned = network.predict(np.ascontiguousarray(np.rot90(pixels, 1, (1, 2))), verbose=0)
    black = network.predict(np.zeros_like(pixels[:1]), verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    red, blue = told["embedding"][:, :-1].reshape(2, 4, 89)[..., 57:65]
    assert red[:3].min() > 0.3  # the brighter the redder
    assert blue[:3].max() < -0.3
    again = turned["embedding"][:, :-1].reshape(2, 4, 89)[..., 57:65]
    assert np.abs(again[:, :3] - np.stack([red, blue])[:, :3]).max() < 0.2
    assert all(np.isfinite(one).all() for one in black.values())
    assert max(network.get_layer("head").loudness_at) < 3 * 89


def test_a_network_that_hears_what_is_loud_together_is_told_so_of_two_scales_and_its_map_means_its_logit(pixels):
    network = build(texture10.RECIPE)
    drawn_weights(network, deviation=0.1)

    told = network.predict(pixels, verbose=0)
    black = network.predict(np.zeros_like(pixels[:1]), verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    outside = pixels.max(axis=3).reshape(4, 56, 4, 56, 4).max(axis=(2, 4)) == 0
    assert not told["cam"][..., 0][outside].any()
    assert told["embedding"].shape == (4, 4 * 89 + 2 * 24 + 1)
    earlier = build(texture9.RECIPE)
    plain = earlier.predict(pixels, verbose=0)["embedding"]
    np.testing.assert_array_equal(np.delete(told["embedding"], np.s_[4 * 89 : -1], axis=1), plain)
    assert all(np.isfinite(one).all() for one in black.values())
    assert earlier.get_layer("head").varies_at == list(range(4 * 89))
    coherent = {89 * scale + at for scale in range(4) for at in range(57, 65)}
    assert network.get_layer("head").varies_at == sorted({*range(4 * 89)} - coherent)


def test_a_network_that_is_told_the_stain_reads_how_red_a_cell_is_against_green_and_its_map_means_its_logit(pixels):
    network = build(texture11.RECIPE)
    drawn_weights(network, deviation=0.1)
    redder = pixels.copy()
    redder[..., 0] = np.minimum(np.rint(redder[..., 0] * 1.2), 255)

    told, of_redder = (network.predict(one, verbose=0) for one in (pixels, redder))
    black = network.predict(np.zeros_like(pixels[:1]), verbose=0)

    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-4)
    outside = pixels.max(axis=3).reshape(4, 56, 4, 56, 4).max(axis=(2, 4)) == 0
    assert not told["cam"][..., 0][outside].any()
    mean = pixels.sum(axis=(1, 2)) / (pixels.max(axis=3) > 0).sum(axis=(1, 2))[:, None] + 1
    np.testing.assert_allclose(told["embedding"][:, -2], np.log(mean[:, 0] / mean[:, 1]), atol=1e-4)
    np.testing.assert_allclose((of_redder["embedding"] - told["embedding"])[:, -2], np.log(1.2), atol=0.02)
    earlier = build(texture10.RECIPE)
    plain = earlier.predict(pixels, verbose=0)["embedding"]
    np.testing.assert_array_equal(np.delete(told["embedding"], -2, axis=1), plain)
    assert black["embedding"][0, -2] == 0
    assert all(np.isfinite(one).all() for one in black.values())
    assert network.get_layer("head").varies_at == earlier.get_layer("head").varies_at


def test_colours_that_are_loud_in_one_half_of_a_cell_are_loud_together_however_it_lies():
    rng = np.random.default_rng(0)
    inside = (np.hypot(*(np.mgrid[:224, :224] - 111.5)) < 90)[..., None]
    everywhere, halves = np.full((224, 224, 1), 10.0), np.where(np.arange(224) < 112, 20.0, 2.0)[None, :, None]
    pixels = np.stack([rng.normal(90, louder, (224, 224, 3)) for louder in (everywhere, halves)])
    pixels = (pixels.clip(1, 255).round() * inside).astype(np.float32)
    network = build(texture10.RECIPE)

    found = [
        network.predict(np.ascontiguousarray(np.rot90(pixels, turn, (1, 2))), verbose=0)["embedding"][:, 4 * 89 : -1]
        for turn in (0, 1)
    ]

    for by_chance, together in found:
        assert np.abs(by_chance).mean() < 0.05
        assert together.min() > 0.3
    assert np.abs(found[1] - found[0]).max() < 0.15
