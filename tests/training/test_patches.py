import itertools
import re

import keras
import numpy as np
import pytest

from training import fit, onnx_model, patches, results
from training.network import build, scores, trained
from training.networks import ours
from training.parts import parts_of, place_of
from training.patches import DRAWN, Cut
from training.recipe import Augment, Discriminant, Patches, Recipe

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

ASKED = Patches(side=48, batch=16, steps=4, shift_px=20.0)
QUICK = Recipe(
    name="quick",
    network=ours.staged,
    network_options={"widths": (8, 16), "stem": 8},
    size=160,
    augment=Augment(unwarped_share=1.0),
    folds=2,
    final_fit=False,
    patches=ASKED,
    views=1,
    discriminant=Discriminant(floor=0.1, size=0.2),
)

AS_IT_IS = {"angle": 0.0, "scale": 1.0, "flip": 1.0, "across": 0.0, "down": 0.0, "gamma": 1.0, "noise": 0.0}
AS_IT_IS |= dict.fromkeys(("red", "green", "blue"), 1.0)


@pytest.fixture(scope="module")
def runs(crops, tmp_path_factory):
    folder = tmp_path_factory.mktemp("patches")
    fit.fit(QUICK, crops, folder=folder, results_folder=folder / "results", only="seed0-fold0")
    return folder


@pytest.fixture
def noisy():
    """Three pictures of 16 x 16 without a black pixel."""
    return np.random.default_rng(0).integers(20, 200, (3, 16, 16, 3)).astype(np.uint8)


def cut(pictures, *, of=(2,), side=8, **how):
    """Patches of these pictures, each varied alike."""
    told = np.array([[{**AS_IT_IS, **how}[name] for name in DRAWN]] * len(of), np.float32)
    layer = Cut(side=side, of=pictures.shape[1])
    return np.asarray(layer(patches.packed(pictures, np.arange(len(pictures))), np.array(of, np.int32), told))


def first_part(recipe, crops, runs):
    return parts_of(recipe, crops, folder=place_of(recipe, crops, folder=runs))[0]


def test_a_patch_that_nothing_varies_is_the_middle_of_its_own_cell(noisy):
    np.testing.assert_allclose(cut(noisy, of=(2, 0)), noisy[[2, 0], 4:12, 4:12], atol=1e-3)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"across": 2.0}, lambda picture: picture[4:12, 6:14]),
        ({"down": -3.0}, lambda picture: picture[1:9, 4:12]),
        ({"flip": -1.0}, lambda picture: picture[::-1][4:12, 4:12]),
        ({"angle": np.pi / 2}, lambda picture: np.rot90(picture)[4:12, 4:12]),
        ({"red": 0.5}, lambda picture: picture[4:12, 4:12] * [0.5, 1, 1]),
        ({"gamma": 2.0}, lambda picture: 255 * (picture[4:12, 4:12] / 255.0) ** 2),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_a_patch_is_moved_turned_and_coloured_as_was_drawn(noisy, how, expected):
    found = cut(noisy, **how)[0]

    np.testing.assert_allclose(found, expected(noisy[2].astype(np.float64)), atol=0.01)


def test_half_a_pixel_aside_is_the_mean_of_both(noisy):
    middle = noisy[2].astype(np.float64)

    np.testing.assert_allclose(cut(noisy, across=0.5)[0], (middle[4:12, 4:12] + middle[4:12, 5:13]) / 2, atol=0.01)


def test_noise_leaves_black_black_and_so_does_what_lies_beyond_the_picture(noisy):
    noisy[2, :, :8] = 0

    found = cut(noisy, noise=4.0, down=6.0)[0]

    assert not found[:, :4].any()
    assert not found[6:].any()
    told = found[:6, 4:]
    assert (told > 0).all()
    assert 1 < (told - noisy[2, 10:16, 8:12]).std() < 8


def test_two_patches_of_a_cell_come_to_be_told_from_those_of_others(crops, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(patches, "ROUND", 50)
    asked = Patches(side=48, batch=32, steps=150, learning_rate=5e-3, gamma_sigma=0.0, channel_sigma=0.0, shift_px=5.0)
    pools = [(crops, np.arange(len(crops.cells)))]

    patches.learn(QUICK, build(QUICK), pools, asked=asked, folder=tmp_path, seed=(0,))

    *_, last = (float(loss) for loss in re.findall(r"loss ([0-9.]+)", capsys.readouterr().out))
    guessed = np.log(2 * asked.batch - 1)
    assert last < guessed - 0.2


def test_the_kept_network_gives_the_kept_scores(runs, crops):
    part = first_part(QUICK, crops, runs)
    kept = {row.image_sha256: row.logit for row in results.read(runs / "results" / "quick.csv")}

    again = scores(trained(QUICK, part), crops, part.tested, size=QUICK.size)["logit"]

    np.testing.assert_allclose(again, [kept[crops.cells[one].sha256] for one in part.tested], atol=1e-3)
    assert again.std() > 0.1


@pytest.mark.parametrize("some_unlabelled", [True, False])
def test_a_fold_meets_only_its_own_cells_and_unlabelled_ones_and_has_tables_of_its_own(
    some_unlabelled, crops, tmp_path, monkeypatch
):
    met, unlabelled = [], crops if some_unlabelled else None

    def learn(_recipe, _network, pools, **_asked):
        met.append(pools)
        return 0.0

    monkeypatch.setattr(patches, "learn", learn)

    fit.fit(QUICK, crops, folder=tmp_path, results_folder=tmp_path, unlabelled=unlabelled)

    parts = parts_of(QUICK, crops, folder=tmp_path)
    everything = [np.arange(len(crops.cells))] if some_unlabelled else []
    for pools, part in zip(met, parts, strict=True):
        for (_, cells), expected in zip(pools, [part.learns, *everything], strict=True):
            np.testing.assert_array_equal(cells, expected)
        assert not set(pools[0][1]) & set(part.tested)
    place = place_of(QUICK, crops, folder=tmp_path, unlabelled=unlabelled)
    assert len(list(place.glob("seed0-fold*/embeddings-0.npy"))) == QUICK.folds
    assert not list(place.glob("embeddings*"))  # which would be of all folds


def test_what_was_stopped_between_two_rounds_goes_on_to_the_same_network(crops, tmp_path, monkeypatch):
    calls, once = itertools.count(1), keras.Model.train_on_batch
    monkeypatch.setattr(patches, "ROUND", 2)

    def learn_or_stop(model, *args, **kwargs):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return once(model, *args, **kwargs)

    def weights(folder):
        keras.utils.set_random_seed(1)
        network, pools = build(QUICK), [(crops, np.arange(20))]
        folder.mkdir(exist_ok=True)
        patches.learn(QUICK, network, pools, asked=ASKED, folder=folder, seed=(0, 1))
        return network.get_weights()

    expected = weights(tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "train_on_batch", learn_or_stop)
        with pytest.raises(KeyboardInterrupt):
            weights(tmp_path / "stopped")

    for one, other in zip(weights(tmp_path / "stopped"), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_patches_are_counted_as_seen(runs, crops):
    part = first_part(QUICK, crops, runs)

    assert part.note["seen"] == 2 * len(part.learns) + 2 * 4 * 16


def test_the_map_of_a_staged_network_means_its_logit_in_onnx_runtime_too(runs, crops):
    network = trained(QUICK, first_part(QUICK, crops, runs))
    pixels = np.ascontiguousarray(crops.pixels[:4, 64:224, 64:224])

    session = onnx_model.session(network, size=160)
    logit, cam, embedding = session.run(["logit", "cam", "embedding"], {"pixels": pixels})

    here = network.predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_allclose(cam.mean(axis=(1, 2, 3)), logit[:, 0], atol=1e-4)
    np.testing.assert_allclose(logit, here["logit"], atol=1e-3)
    np.testing.assert_allclose(embedding, here["embedding"], atol=1e-3)
    covered = (pixels.max(axis=3) > 0).reshape(4, 40, 4, 40, 4).mean(axis=(2, 4)) > 0.5
    np.testing.assert_allclose(embedding[:, -1], covered.mean(axis=(1, 2)), atol=0.02)
    assert embedding.shape == (4, 8 + 16 + 1)
