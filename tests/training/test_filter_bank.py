import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training import evaluate, filter_bank, results
from training.cnmc import Cell
from training.dataset import Crops, outline_map
from training.filter_bank import FilterBank
from training.splits import partition

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

SMALL = FilterBank(size=64, scales=(1, 2), filters=6, sampled_cells=20, patches=2_000)
SUBJECTS = 9


def disc(rng, *, period):
    """A cell of stripes, their period in pixels, on black; brightness and direction at random."""
    down, across = np.mgrid[-32:32, -32:32]
    angle = rng.uniform(0, np.pi)
    stripes = np.sin(2 * np.pi * (down * np.sin(angle) + across * np.cos(angle)) / period)
    grey = rng.uniform(90, 150) + 30 * stripes + rng.normal(0, 4, stripes.shape)
    square = np.zeros((288, 288, 3), np.uint8)
    square[112:176, 112:176] = (np.clip(grey, 1, 255) * (down**2 + across**2 < 29**2))[..., None].astype(np.uint8)
    return square


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(3)
    labels = ["HEM", "ALL"] * 27
    subjects = [f"{'H' if label == 'HEM' else ''}{number % SUBJECTS}" for number, label in enumerate(labels)]
    cells = tuple(
        Cell(f"{number}.bmp", subject, subject, label, "fold_0", f"{number:064x}", 2_600, 100.0, 100.0, 100.0)
        for number, (subject, label) in enumerate(zip(subjects, labels, strict=True))
    )
    pixels = np.stack([disc(rng, period=4.0 if label == "ALL" else 7.0) for label in labels])
    return Crops(cells, pixels, np.stack([outline_map(square) for square in pixels]))


def test_cells_that_differ_in_texture_alone_are_told_apart_on_the_folds_of_the_networks(crops, tmp_path):
    filter_bank.write(SMALL, crops, folder=tmp_path)

    rows = results.read(tmp_path / "filter_bank.csv")
    scored = evaluate.scored_of(rows, crops.cells, seed=0)

    fold_of = dict(zip([one.sha256 for one in crops.cells], partition(crops.cells, folds=3, seed=0), strict=True))
    assert {row.image_sha256: row.fold for row in rows} == fold_of
    assert roc_auc_score(scored.is_all, scored.logits) > 0.95


def test_filters_never_meet_the_tested_cells(crops):
    tested = partition(crops.cells, folds=3, seed=0) == 0
    other = crops.pixels.copy()
    other[tested] = other[tested][:, ::-1] // 2
    changed = Crops(crops.cells, other, crops.outlines)
    learns = np.flatnonzero(~tested)

    learned = [filter_bank.filters(SMALL, one, learns, rng=np.random.default_rng(0)) for one in (crops, changed)]

    for before, after in zip(*learned, strict=True):
        np.testing.assert_array_equal(before, after)


def test_brightness_does_not_speak(crops):
    bank = filter_bank.filters(SMALL, crops, np.arange(30), rng=np.random.default_rng(0))
    dim = np.minimum(crops.pixels, 230)
    bright = np.where(dim > 0, dim + 20, 0).astype(np.uint8)

    told = [filter_bank.features(SMALL, Crops(crops.cells, one, crops.outlines), bank) for one in (dim, bright)]

    np.testing.assert_allclose(told[1], told[0], atol=1e-3)


def test_every_class_weighs_the_same(crops):
    weights = filter_bank.balance(crops)

    assert weights[crops.labels == 0].sum() == pytest.approx(weights[crops.labels == 1].sum())
