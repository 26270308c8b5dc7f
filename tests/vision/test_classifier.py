import hashlib
import json
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.errors import Misconfigured
from app.vision.classifier import OnnxClassifier
from app.vision.drawn import Look, draw
from app.vision.golden import GOLDEN_CELLS, golden_fault, read_golden, refuse_other_scores
from app.vision.preprocess import REVISION
from tests.shipped import SHIPPED

MODELS = Path(__file__).parents[2] / "models"
BUNDLES = sorted(path for path in MODELS.iterdir() if (path / "card.json").exists())


@pytest.fixture(scope="module")
def classifier():
    return OnnxClassifier(MODELS / "drawn-1")


@pytest.fixture
def bundle(tmp_path):
    """One of before golden cells said of which card they are, so that its card may be another."""
    folder = Path(shutil.copytree(MODELS / "drawn-1", tmp_path / "bundle"))
    golden = json.loads((folder / "golden.json").read_text())
    del golden["card_sha256"]
    (folder / "golden.json").write_text(json.dumps(golden))
    return folder


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_every_shipped_model_gives_its_golden_cells_their_logits(folder):
    shipped = OnnxClassifier(folder)

    fault = golden_fault(shipped, numbers=range(GOLDEN_CELLS))

    assert fault is None
    assert len(shipped.golden) == GOLDEN_CELLS


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda path: path.name)
def test_the_mean_of_the_activation_map_is_the_logit(folder):
    score = OnnxClassifier(folder).score(draw(11, Look.BLAST))

    assert score.cam is not None
    assert score.cam.ndim == 2
    assert float(score.cam.mean()) == pytest.approx(score.logit, abs=1e-4)


def test_the_probability_is_the_calibrated_logit_and_nothing_else(classifier):
    score = classifier.score(draw(12, Look.HEALTHY))

    assert score.probability == classifier.card.calibration.probability(score.logit)
    assert score.conformal_set == classifier.card.conformal.classes(score.probability)


def test_drawn_blasts_score_above_drawn_healthy_cells(classifier):
    blasts = [classifier.score(draw(seed, Look.BLAST)).logit for seed in range(500, 512)]
    healthy = [classifier.score(draw(seed, Look.HEALTHY)).logit for seed in range(500, 512)]

    assert np.mean(blasts) > np.mean(healthy)


def test_what_is_no_cell_lies_farther_from_the_training_cells(classifier):
    cell = classifier.score(draw(1, Look.BLAST))
    other = classifier.score(draw(1, Look.NOISE))

    assert cell.distance < other.distance


def test_a_cell_is_atypical_from_the_cards_distance_on_and_where_its_class_is_not_certain(bundle):
    cell = draw(500, Look.BLAST)
    seen = OnnxClassifier(bundle).score(cell)
    distance = json.loads((bundle / "card.json").read_text())["distance"]

    def atypical(**fields):
        change_card(bundle, **fields)
        return OnnxClassifier(bundle).score(cell).atypical

    assert seen.conformal_set == ("ALL",)
    assert seen.distance is not None
    assert atypical(distance={**distance, "atypical_from": seen.distance})
    assert not atypical(distance={**distance, "atypical_from": math.nextafter(seen.distance, math.inf)})
    assert atypical(conformal={"miscoverage": 0.1, "hem": 1.0, "all": 1.0})
    assert atypical(conformal={"miscoverage": 0.1, "hem": 0.0, "all": 0.0})


def test_many_threads_get_the_scores_that_one_gets(classifier):
    cells = [draw(seed, Look.BLAST) for seed in range(8)]
    expected = [classifier.score(cell).logit for cell in cells]

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda cell: classifier.score(cell).logit, cells * 4))

    assert seen == expected * 4


def test_a_changed_weight_shows_in_the_golden_cells(bundle):
    golden = json.loads((bundle / "golden.json").read_text())
    golden["cells"][3]["logit"] += 0.1
    (bundle / "golden.json").write_text(json.dumps(golden))

    fault = golden_fault(OnnxClassifier(bundle), numbers=range(GOLDEN_CELLS))

    assert fault is not None
    assert fault.startswith("golden cell 3: the logit is")


def test_a_changed_calibration_shows_in_the_golden_cells_and_scores_nothing(bundle):
    card = json.loads((bundle / "card.json").read_text())
    card["calibration"]["bias"] += 3
    (bundle / "card.json").write_text(json.dumps(card))

    changed = OnnxClassifier(bundle)

    assert "the probability is" in (golden_fault(changed, numbers=range(GOLDEN_CELLS)) or "")
    with pytest.raises(Misconfigured, match="does not score as it did when it was exported: golden cell"):
        refuse_other_scores(changed)


@pytest.mark.parametrize("part", ["thresholds", "conformal", "gate", "distance"])
def test_a_card_whose_limits_were_changed_since_the_export_is_refused_and_one_told_anew_is_not(tmp_path, part):
    shipped = Path(shutil.copytree(SHIPPED, tmp_path / "shipped"))
    card = json.loads((shipped / "card.json").read_text())
    card["evaluation"]["milliseconds"] = 9.9
    (shipped / "card.json").write_text(json.dumps(card))
    assert OnnxClassifier(shipped).card.raw["evaluation"]["milliseconds"] == 9.9

    name = next(name for name, value in card[part].items() if isinstance(value, float))
    card[part][name] += 0.01
    (shipped / "card.json").write_text(json.dumps(card))

    with pytest.raises(Misconfigured, match="was changed since the bundle was exported"):
        OnnxClassifier(shipped)


def test_a_bundle_without_golden_cells_scores_nothing(bundle):
    (bundle / "golden.json").write_text('{"cells": []}')

    with pytest.raises(Misconfigured, match="it has no golden cells"):
        refuse_other_scores(OnnxClassifier(bundle))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"cells": [{"seed": 1}]}'])
def test_golden_cells_that_cannot_be_read_are_refused_in_words(bundle, text):
    (bundle / "golden.json").write_text(text)

    with pytest.raises(Misconfigured, match=r"golden\.json"):
        read_golden(bundle)


def test_a_file_that_is_no_onnx_model_is_refused_in_words(bundle):
    (bundle / "model.onnx").write_bytes(b"not a model")
    card = json.loads((bundle / "card.json").read_text())
    card["onnx_sha256"] = hashlib.sha256(b"not a model").hexdigest()
    (bundle / "card.json").write_text(json.dumps(card))

    with pytest.raises(Misconfigured, match="cannot be loaded"):
        OnnxClassifier(bundle)


def test_an_output_that_the_model_does_not_have_is_refused_in_words(bundle):
    card = json.loads((bundle / "card.json").read_text())
    card["outputs"].append("attention")
    (bundle / "card.json").write_text(json.dumps(card))

    with pytest.raises(Misconfigured, match="lacks the output attention"):
        OnnxClassifier(bundle)


def change_card(bundle, **fields):
    path = bundle / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_card_that_states_another_side_than_the_models_input_is_refused_in_words(bundle):
    change_card(bundle, preprocessing={"revision": REVISION, "size": 128})

    with pytest.raises(Misconfigured, match=r"card\.json says input 128 x 128 x 3, and model\.onnx has 224 x 224 x 3"):
        OnnxClassifier(bundle)


def test_a_reference_that_is_shorter_than_the_models_embedding_is_refused_in_words(bundle):
    shorter = {"hem_mean": [0.0, 0.0], "all_mean": [1.0, 1.0], "deviation": [1.0, 1.0], "atypical_from": 3.0}
    change_card(bundle, distance=shorter)

    with pytest.raises(Misconfigured, match=r"card\.json says embedding 2, and model\.onnx has 64"):
        OnnxClassifier(bundle)


def test_no_model_in_the_repository_carries_an_address_of_the_machine_that_made_it():
    texts = [path.read_text() for folder in BUNDLES for path in folder.iterdir() if path.suffix in {".json", ".md"}]

    assert not [text for text in texts if str(Path.home()) in text or os.sep + "work" + os.sep in text]
