"""The whole road on drawn cells: fit, evaluate, export, and a served score."""

import csv
import dataclasses
import json
import shutil
from typing import Any

import numpy as np
import pytest

from app import cli
from app.errors import Invalid
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import Look, draw, save
from app.vision.golden import golden_fault
from training import aside, export, learner, shift_test
from training.__main__ import main
from training.card import Trained
from training.network import build
from training.recipes.smoke import RECIPE
from training.results import COLUMNS
from training.shifts import SHIFTS, UNCHANGED

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow


@pytest.fixture(scope="session")
def walked(tmp_path_factory, worker_id):
    """The road is walked once, by whichever worker comes first, and each has a copy of where it led."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "road"
    with aside.alone_in(place):
        if not (done := place / "walked").exists():
            _walk(place)
            done.touch()
    return shutil.copytree(place, tmp_path_factory.mktemp("walked") / "road")


def _walk(place):
    where = ["--var", str(place / "var"), "--results", str(place / "results")]
    assert main(["fit", "smoke", *where]) == 0
    assert main(["evaluate", "smoke", *where, "--shifts"]) == 0
    assert main(["export", "smoke", *where, "--models", str(place / "models")]) == 0


def test_drawn_cells_train_a_network_that_is_served_and_evaluated_alike(walked, capsys):
    bundle, picture = walked / "models" / "drawn-1", walked / "cell.png"
    save(picture, draw(77, Look.BLAST), look=Look.BLAST)
    classifier = OnnxClassifier(bundle)

    assert cli.main(["screen", str(picture), "--model", str(bundle)]) == 0

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    served = classifier.score(draw(77, Look.BLAST))
    assert said["all_probability"] == pytest.approx(served.probability, abs=1e-4)
    assert golden_fault(classifier, numbers=range(16)) is None
    assert classifier.card.for_demonstration
    assert classifier.card.raw["evaluation"]["report"]["figures"]["auc"][0] > 0.75
    assert sorted(path.name for path in bundle.iterdir()) == ["MODEL_CARD.md", "card.json", "golden.json", "model.onnx"]
    assert [path.name for path in (walked / "models").iterdir()] == ["drawn-1"]


def test_the_card_says_on_what_all_its_networks_were_trained(walked):
    record = json.loads((walked / "results" / "smoke.json").read_text())
    bundle = walked / "models" / "drawn-1"

    devices = json.loads((bundle / "card.json").read_text())["training"]["devices"]

    assert devices == sorted({fold["device"] for fold in record["folds"]})
    assert f"of training on a {devices[0].upper()}" in (bundle / "MODEL_CARD.md").read_text()


def test_every_cell_is_scored_once_by_a_network_that_never_saw_its_subject(walked):
    with (walked / "results" / "smoke.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert len({row["image_sha256"] for row in rows}) == len(rows) == 200
    assert {row["fold"] for row in rows} == {"0", "1"}


def test_what_is_trained_already_is_not_trained_again(walked):
    finished = sorted((walked / "var").rglob("network.weights.h5"))
    before = [path.stat().st_mtime_ns for path in finished]

    where = ["--var", str(walked / "var"), "--results", str(walked / "results")]
    code = main(["fit", "smoke", *where])

    assert code == 0
    assert len(finished) == 3
    assert [path.stat().st_mtime_ns for path in finished] == before


def test_who_fits_what_is_trained_already_is_told_so_and_where_its_results_are(walked, capsys):
    where = ["--var", str(walked / "var"), "--results", str(walked / "results")]

    assert main(["fit", "smoke", *where]) == 0

    assert f"all parts are trained; out-of-fold logits: {walked / 'results' / 'smoke.csv'}" in capsys.readouterr().out


def test_results_of_other_cells_are_not_written_over(walked, tmp_path, capsys):
    results = shutil.copytree(walked / "results", tmp_path / "results")
    record = json.loads((results / "smoke.json").read_text())
    (results / "smoke.json").write_text(json.dumps({**record, "data_fingerprint": "4f32c145" * 8}))
    before = (results / "smoke.csv").read_text()

    code = main(["fit", "smoke", "--var", str(walked / "var"), "--results", str(results)])

    assert code == 1
    assert "smoke.csv is of other cells than these and would be lost. Name another" in capsys.readouterr().err
    assert (results / "smoke.csv").read_text() == before


def test_a_network_is_not_exported_with_the_shift_test_of_an_earlier_recipe(walked, tmp_path, capsys):
    results = shutil.copytree(walked / "results", tmp_path / "results")
    made_from = json.loads((results / "smoke.json").read_text())
    earlier = {"recipe_fingerprint": "of before", "data_fingerprint": made_from["data_fingerprint"], "shifts": []}
    (results / "smoke.shifts.json").write_text(json.dumps(earlier))

    where = ["--var", str(walked / "var"), "--results", str(results), "--models", str(tmp_path)]
    code = main(["export", "smoke", *where])

    assert code == 1
    assert "smoke.shifts.json is of an earlier recipe or of other cells. Run" in capsys.readouterr().err
    assert not list(tmp_path.glob("drawn*"))


@pytest.mark.parametrize("command", ["evaluate", "export"])
def test_results_of_other_cells_are_neither_evaluated_nor_exported(walked, tmp_path, capsys, command):
    results = shutil.copytree(walked / "results", tmp_path / "results")
    record = json.loads((results / "smoke.json").read_text())
    (results / "smoke.json").write_text(json.dumps({**record, "data_fingerprint": "4f32c145" * 8}))
    models = ["--models", str(tmp_path)] if command == "export" else []

    code = main([command, "smoke", "--var", str(walked / "var"), "--results", str(results), *models])

    assert code == 1
    assert "smoke.csv is of other cells (4f32c145) than these (ea45e4e4). Run" in capsys.readouterr().err
    assert not list(tmp_path.glob("drawn*"))


@pytest.mark.parametrize("command", ["evaluate", "export"])
@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("rows", "200 of 200 cells have no score under seed 0. Run `fit` to the end."),
        ("recipe", "smoke.csv is of an earlier form of this recipe. Run `python -m training fit smoke` again."),
    ],
)
def test_results_that_are_not_all_of_the_recipe_are_neither_evaluated_nor_exported(
    walked, tmp_path, capsys, command, lost, said
):
    results = shutil.copytree(walked / "results", tmp_path / "results")
    if lost == "rows":
        (results / "smoke.csv").write_text(",".join(COLUMNS) + "\n")
    else:
        record = json.loads((results / "smoke.json").read_text())
        (results / "smoke.json").write_text(json.dumps({**record, "recipe_fingerprint": "of before"}))
    models = ["--models", str(tmp_path)] if command == "export" else ["--shifts"]

    code = main([command, "smoke", "--var", str(walked / "var"), "--results", str(results), *models])

    assert code == 1
    assert said in capsys.readouterr().err


def test_the_shift_test_is_kept_with_the_results_and_told_by_page_and_card_alike(walked):
    kept = json.loads((walked / "results" / "smoke.shifts.json").read_text())
    (evaluated,) = (walked / "var" / "evaluation").glob("*.json")
    card = json.loads((walked / "models" / "drawn-1" / "card.json").read_text())

    assert kept["recipe_fingerprint"] == RECIPE.fingerprint() == card["training"]["recipe_fingerprint"]
    assert kept["data_fingerprint"] == card["training"]["data_fingerprint"]
    assert kept["shifts"] == card["evaluation"]["shifts"] == json.loads(evaluated.read_text())["shifts"]
    assert {one["shift"] for one in kept["shifts"]} == set(SHIFTS)


def test_the_logits_that_the_shift_test_is_of_are_kept_too(walked):
    with (walked / "results" / "smoke.shifted.csv").open() as file:
        shifted = {row["image_sha256"]: row for row in csv.DictReader(file)}
    with (walked / "results" / "smoke.csv").open() as file:
        own = {row["image_sha256"]: float(row["logit"]) for row in csv.DictReader(file)}

    assert shifted.keys() == own.keys()
    assert {sha256: float(row[UNCHANGED]) for sha256, row in shifted.items()} == pytest.approx(own, abs=0.002)
    assert all(float(row["silhouette only"]) != own[sha256] for sha256, row in shifted.items())


@pytest.mark.parametrize(
    ("kept", "seed", "said"),
    [
        (None, RECIPE.seeds[0], "were not run"),
        (
            {"recipe_fingerprint": "of before", "data_fingerprint": "", "shifts": [{}]},
            RECIPE.seeds[0],
            "earlier recipe",
        ),
        (None, RECIPE.seeds[0] + 2, "on the page of each of the first seeds, 0 and 1."),
    ],
)
def test_a_page_without_the_shift_test_says_why(crops, tmp_path, kept, seed, said):
    recipe = dataclasses.replace(RECIPE, seeds=(0, 1, 2))
    if kept:
        (tmp_path / "smoke.shifts.json").write_text(json.dumps(kept))

    shifts, note = shift_test.kept(recipe, crops, {}, folder=tmp_path)

    found = shift_test.on_page(recipe, shifts, note, seed=seed)
    assert found["shifts"] == []
    assert said in found["shifts_note"]


def bundle_saying(folder, *, text):
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(text)
    return folder


def test_an_export_that_fails_leaves_the_earlier_bundle_and_nothing_else(crops, tmp_path):
    earlier = bundle_saying(tmp_path / "models" / "drawn-1", text="earlier")
    unasked: Any = None  # the images are asked for first
    trained = Trained(
        RECIPE,
        crops,
        root=tmp_path / "no images",
        parts=(),
        on={RECIPE.seeds[0]: unasked},
        network=build(RECIPE),
        shifts=[],
        smear_fields=None,
        morphology=tmp_path / "none",
        retakes=tmp_path / "none",
    )

    with pytest.raises(Invalid, match="cannot be read"):
        export.export(trained, version="1", models=tmp_path / "models")

    assert [path.name for path in (tmp_path / "models").iterdir()] == ["drawn-1"]
    assert (earlier / "card.json").read_text() == "earlier"


def test_a_new_bundle_takes_the_place_of_the_earlier_one_even_after_an_export_that_was_cut_off(tmp_path):
    bundle_saying(tmp_path / "drawn-1", text="earlier")
    bundle_saying(tmp_path / ".drawn-1.old", text="before that")
    aside = bundle_saying(tmp_path / ".drawn-1.part", text="new")

    export.put_in_place(aside, tmp_path / "drawn-1")

    assert [path.name for path in tmp_path.iterdir()] == ["drawn-1"]
    assert (tmp_path / "drawn-1" / "card.json").read_text() == "new"


def test_a_bundle_that_cannot_be_put_in_place_leaves_the_earlier_one_there(tmp_path):
    earlier = bundle_saying(tmp_path / "drawn-1", text="earlier")

    with pytest.raises(FileNotFoundError):
        export.put_in_place(tmp_path / ".drawn-1.part", tmp_path / "drawn-1")

    assert (earlier / "card.json").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["drawn-1"]


def test_the_evaluation_page_stands_alone(walked):
    (page,) = (walked / "var" / "evaluation").glob("*.html")
    text = page.read_text()

    assert "floor_matched_auc" in text
    assert "<h3>The outline</h3>" in text
    assert "http" not in text.replace("data:image", "")


def test_a_run_cut_off_after_an_epoch_goes_on_with_its_weights_and_its_optimizer(tmp_path):
    recipe = dataclasses.replace(RECIPE, epochs=2)
    model = learner.started(recipe, build(recipe), [], folder=tmp_path).asked
    pixels = np.random.default_rng(0).integers(0, 255, (8, 224, 224, 3)).astype(np.uint8)
    model.train_on_batch(pixels, {"logit": np.ones((8, 1), np.float32)})
    learner.checkpoint(model, folder=tmp_path, epoch=1)

    resumed = learner.started(recipe, build(recipe), [], folder=tmp_path)
    again = resumed.asked

    assert resumed.epochs == 1
    assert int(again.optimizer.iterations) == 1
    for one, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        assert np.allclose(one, other)
