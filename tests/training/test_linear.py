import dataclasses

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.vision.drawn import CELLS, draw
from app.vision.preprocess import crop
from training import fit, linear, results
from training.cells import Cell
from training.dataset import Crops, outline_map
from training.discriminant import discriminant
from training.network import build, scores, trained
from training.out_of_fold import scored_of
from training.parts import parts_of, place_of
from training.recipe import Discriminant
from training.recipes.texture3 import RECIPE
from training.scored import subject_balance
from training.varying import Varying

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

QUICK = dataclasses.replace(RECIPE, seeds=(0,), views=1, bundle="tried")


@pytest.fixture(scope="module")
def crops():
    """Drawn cells of six subjects of each class: blasts, and the other looks."""
    cells, squares = [], []
    for number in range(48):
        look = CELLS[number % len(CELLS)]
        label = "ALL" if number % 2 else "HEM"
        pixels = draw(number, CELLS[0] if label == "ALL" else CELLS[-1])
        subject = f"{'H' if label == 'HEM' else ''}{number // 2 % 6}"
        area = int((pixels.max(axis=2) > 0).sum())
        cells.append(
            Cell(f"{number}.bmp", subject, subject, label, look.value, f"{number:064x}", area, 90.0, 90.0, 90.0)
        )
        squares.append(crop(pixels, size=288))
    return Crops(tuple(cells), np.stack(squares), np.stack([outline_map(square) for square in squares]))


@pytest.fixture(scope="module")
def walked(crops, tmp_path_factory):
    place = tmp_path_factory.mktemp("linear")
    fit.fit(QUICK, crops, folder=place / "runs", results_folder=place / "results")
    return place


def test_a_head_learned_at_once_tells_drawn_cells_of_unseen_subjects_apart(walked, crops):
    rows = results.read(walked / "results" / "texture3.csv")
    scored = scored_of(rows, crops.cells, seed=0)

    assert roc_auc_score(scored.is_all, scored.logits) > 0.9


def test_the_table_that_onnx_runtime_made_is_what_keras_says_of_the_cells(walked, crops):
    tables = place_of(QUICK, crops, folder=walked / "runs")
    some = np.arange(4)

    kept = np.load(tables / "embeddings-0.npy")[some]

    assert kept == pytest.approx(scores(build(QUICK), crops, some, size=QUICK.size)["embedding"], abs=1e-3)
    assert np.ptp(kept, axis=0).max() > 0.1


def test_the_kept_network_gives_the_kept_scores(walked, crops):
    part = parts_of(QUICK, crops, folder=place_of(QUICK, crops, folder=walked / "runs"))[0]
    rows = {row.image_sha256: row for row in results.read(walked / "results" / "texture3.csv")}

    again = scores(trained(QUICK, part), crops, part.tested, size=QUICK.size)["logit"]

    kept = [rows[crops.cells[one].sha256].logit for one in part.tested]
    np.testing.assert_allclose(again, kept, atol=1e-3)


def test_other_colours_have_tables_of_their_own_and_change_the_head(walked, crops, tmp_path):
    tinted = dataclasses.replace(QUICK, tints=1, discriminant=Discriminant(tints=2.0))
    learns = np.arange(len(crops.cells))
    heads = []
    for recipe in (QUICK, tinted):
        network = build(recipe)
        linear.learn(recipe, network, crops, learns, folder=tmp_path)
        heads.append(network.get_layer("head").kernel.numpy())

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "embeddings-0.npy",
        "embeddings-1.npy",
        "embeddings-tint-1.npy",
    ]
    assert not np.allclose(heads[0], heads[1], rtol=0.01)


def test_a_head_does_not_depend_on_cells_that_it_was_not_given(walked, crops):
    place = place_of(QUICK, crops, folder=walked / "runs")
    part = parts_of(QUICK, crops, folder=place)[0]
    heads = []
    for labels in ("as they are", "the tested ones exchanged"):
        cells = list(crops.cells)
        if labels != "as they are":
            for one in part.tested:
                cells[one] = dataclasses.replace(cells[one], label="HEM" if cells[one].label == "ALL" else "ALL")
        network = build(QUICK)
        linear.learn(QUICK, network, dataclasses.replace(crops, cells=tuple(cells)), part.learns, folder=place)
        heads.append(network.get_layer("head").kernel.numpy())

    np.testing.assert_allclose(heads[1], heads[0], rtol=1e-4, atol=1e-6)


def test_size_weighs_what_was_said_and_a_larger_cell_is_told_more_of_it(walked, crops, tmp_path):
    learns = np.arange(len(crops.cells))
    heads = {}
    for size in (0.2, 0.4):
        told = dataclasses.replace(QUICK, network_options={"sized": True}, discriminant=Discriminant(size=size))
        network = build(told)
        linear.learn(told, network, crops, learns, folder=tmp_path)
        heads[size] = network.get_layer("head").kernel.numpy()
    plain = build(QUICK)
    (tmp_path / "plain").mkdir()
    linear.learn(QUICK, plain, crops, learns, folder=tmp_path / "plain")

    covered = np.load(tmp_path / "embeddings-0.npy")[:, -1]
    is_all = crops.labels == 1
    weights = subject_balance(is_all, np.array([cell.group for cell in crops.cells]))
    deviation = np.sqrt(weights @ (covered - weights @ covered) ** 2)
    assert heads[0.2][-1] == pytest.approx(0.2 / deviation, rel=1e-4)
    assert heads[0.4][-1] == pytest.approx(2 * heads[0.2][-1], rel=1e-4)
    np.testing.assert_allclose(heads[0.2][:-1], plain.get_layer("head").kernel.numpy(), rtol=1e-3, atol=1e-5)


def test_people_of_several_names_weigh_as_one(walked, crops, tmp_path):
    heads = []
    for together in ({}, {"0": "1", "2": "1"}):
        cells = tuple(dataclasses.replace(one, group=together.get(one.subject, one.subject)) for one in crops.cells)
        network = build(QUICK)
        linear.learn(QUICK, network, dataclasses.replace(crops, cells=cells), np.arange(len(cells)), folder=tmp_path)
        heads.append(network.get_layer("head").kernel.numpy())

    assert not np.allclose(heads[0], heads[1], rtol=0.01)


def test_the_map_is_of_what_differs_from_the_mean_cell(walked, crops):
    part = parts_of(QUICK, crops, folder=place_of(QUICK, crops, folder=walked / "runs"))[0]
    network = trained(QUICK, part)
    head = network.get_layer("head")
    learned = [crops.cells[one] for one in part.learns]
    weights = subject_balance(
        np.array([cell.label == "ALL" for cell in learned]), np.array([cell.subject for cell in learned])
    )

    mean = weights @ scores(network, crops, part.learns, size=QUICK.size)["embedding"]

    of_a_scale = (head.kernel.numpy() * mean).reshape(3, -1).sum(axis=1) + head.bias.numpy()
    np.testing.assert_allclose(of_a_scale, of_a_scale.mean(), atol=1e-3)


VARYING = dataclasses.replace(
    QUICK,
    tints=1,
    network_options={"sized": True, "modifiers": 2},
    discriminant=Discriminant(tints=1.0, size=0.2, varying_floor=1.0),
)


TOGETHER = dataclasses.replace(VARYING, network_options={**VARYING.network_options, "together": 1})


STAINED = dataclasses.replace(
    TOGETHER,
    network_options={**TOGETHER.network_options, "stain": True},
    discriminant=Discriminant(tints=1.0, size=0.2, varying_floor=1.0, stain_floor=0.5),
)


@pytest.mark.parametrize("recipe", [VARYING, TOGETHER, STAINED], ids=["each colour", "two together", "stain"])
def test_weights_vary_as_the_discriminant_of_features_and_their_products_says(recipe, crops, tmp_path):
    learns = np.arange(len(crops.cells))
    network = build(recipe)

    linear.learn(recipe, network, crops, learns, folder=tmp_path)

    head = network.get_layer("head")
    told = network.predict(
        np.stack([crops.pixels[one][32:256, 32:256] for one in learns]).astype(np.float32), verbose=0
    )
    tables = [np.load(tmp_path / f"embeddings-{name}.npy").astype(np.float64) for name in ("0", "1", "tint-1")]
    is_all, persons = crops.labels == 1, np.array([cell.group for cell in crops.cells])
    weights = subject_balance(is_all, persons)
    varying = Varying.learned(
        tables[0][:, :-1],
        [[tables[1][:, :-1]], [tables[2][:, :-1]]],
        loudness_at=head.loudness_at,
        weights=weights,
        count=2,
        varies_at=range(468),
    )
    plain, view, tint = (varying.features(table[:, :-1]) for table in tables)
    options = {"is_all": is_all, "persons": persons, "weighed": recipe.discriminant}
    options["constant"] = tables[0].shape[1] - 1
    kernel, bias = discriminant(plain, [view], tinted=[tint], **options)
    covered = tables[0][:, -1]
    of_size = 0.2 * (covered - weights @ covered) / np.sqrt(weights @ (covered - weights @ covered) ** 2)
    np.testing.assert_allclose(told["logit"][:, 0], plain @ kernel + bias + of_size, atol=2e-3)
    np.testing.assert_allclose(told["cam"].mean(axis=(1, 2, 3)), told["logit"][:, 0], atol=1e-3)
    assert np.abs(head.varying_kernel.numpy()[:, :468]).max() > 0
    assert not head.varying_kernel.numpy()[:, 468:].any()
    of_parts = [one.sum() for one in np.split(head.kernel.numpy() * (weights @ tables[0]), [156, 312, 468])]
    of_parts[0] += of_parts.pop() - head.kernel.numpy()[-1] * (weights @ covered)  # two colours, with the first scale
    whole = of_parts + head.bias.numpy()
    np.testing.assert_allclose(whole, whole.mean(), atol=1e-3)


def test_a_high_floor_leaves_weights_that_hardly_vary(crops, tmp_path):
    pixels = crops.pixels[:, 32:256, 32:256].astype(np.float32)
    weighed = Discriminant(tints=1.0, size=0.2)
    constant, high, low = (
        dataclasses.replace(VARYING, discriminant=dataclasses.replace(weighed, varying_floor=floor))
        for floor in (0.0, 1e6, 1e-4)
    )
    told = []
    for recipe in (constant, high, low):
        network = build(recipe)
        linear.learn(recipe, network, crops, np.arange(len(crops.cells)), folder=tmp_path)
        told.append(network.predict(pixels, verbose=0)["logit"])

    hardly, freely = (np.abs(one - told[0]).max() for one in told[1:])
    assert hardly < 0.3 * freely  # what is left are 32-bit floats


def test_weights_that_shall_vary_with_nothing_are_refused_before_anything_is_made(crops, tmp_path):
    recipe = dataclasses.replace(VARYING, network_options={"sized": True})

    with pytest.raises(linear.NothingToVary, match="no modifiers"):
        linear.learn(recipe, build(recipe), crops, np.arange(len(crops.cells)), folder=tmp_path)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        (STAINED, TOGETHER, "no `stain_floor`, and its network is told"),
        (STAINED, None, "no `stain_floor`, and its network is told"),
        (TOGETHER, STAINED, "a `stain_floor`, and its network is not told"),
    ],
)
def test_a_stain_that_discriminant_or_network_alone_knows_of_is_refused(own, other, said, crops, tmp_path):
    recipe = dataclasses.replace(own, discriminant=other and other.discriminant)

    with pytest.raises(linear.StainNotAsked, match=said):
        linear.learn(recipe, build(recipe), crops, np.arange(len(crops.cells)), folder=tmp_path)
