import json
import math
import shutil
from pathlib import Path

import pytest

from app.errors import Misconfigured
from app.vision.bundle import Calibration, Conformal, read_card
from app.vision.preprocess import REVISION

DRAWN = Path(__file__).parents[2] / "models" / "drawn-1"


@pytest.fixture
def bundle(tmp_path):
    return Path(shutil.copytree(DRAWN, tmp_path / "bundle"))


def change(bundle, **fields):
    path = bundle / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_card_is_read_with_everything_it_says(bundle):
    card = read_card(bundle)

    assert card.name == "drawn"
    assert card.for_demonstration
    assert card.classes == ("HEM", "ALL")
    assert card.preprocessing.revision == REVISION
    assert card.raw == json.loads((bundle / "card.json").read_text())


def test_a_card_from_before_morphology_was_measured_is_still_read(bundle):
    whole = json.loads((bundle / "card.json").read_text())
    (bundle / "card.json").write_text(json.dumps({name: told for name, told in whole.items() if name != "morphology"}))

    assert read_card(bundle).morphology is None


def test_a_card_beside_another_model_is_refused(bundle):
    (bundle / "model.onnx").write_bytes((bundle / "model.onnx").read_bytes() + b"\0")

    with pytest.raises(Misconfigured, match="belongs to another model"):
        read_card(bundle)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"preprocessing": {"revision": REVISION + 1, "size": 224}}, "preprocessing revision"),
        ({"classes": ["ALL", "HEM"]}, "classes"),
        ({"format": 99}, "format 99"),
        ({"prior_all": 1.5}, "prior_all"),
        ({"prior_all": "half"}, "should be float and is str"),
        ({"thresholds": {"not_suspected_below": 0.9, "suspected_from": 0.1}}, "bands"),
        ({"thresholds": {"not_suspected_below": 0.1}}, "lacks suspected_from"),
        ({"calibration": {"slope": -1.0, "bias": 0.0}}, "slope"),
        ({"colour": "blue"}, "has colour"),
        ({"outputs": ["cam"]}, "no output `logit`"),
        ({"outputs": ["logit", "cam"]}, "no output `embedding`"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_with_the_place(bundle, fields, what):
    change(bundle, **fields)

    with pytest.raises(Misconfigured, match=what):
        read_card(bundle)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 1}'])
def test_a_card_that_is_no_card_is_refused_in_words(bundle, text):
    (bundle / "card.json").write_text(text)

    with pytest.raises(Misconfigured, match=r"card\.json"):
        read_card(bundle)


@pytest.mark.parametrize("name", ["card.json", "model.onnx"])
def test_a_folder_that_lacks_a_file_is_no_bundle(bundle, name):
    (bundle / name).unlink()

    with pytest.raises(Misconfigured, match=name):
        read_card(bundle)


def test_a_probability_follows_the_logit_however_far_it_goes():
    calibration = Calibration(slope=2.0, bias=-1.0)

    probabilities = [calibration.probability(logit) for logit in (-1e6, -1.0, 0.5, 1.0, 1e6)]

    assert probabilities == sorted(probabilities)
    assert (probabilities[0], probabilities[2], probabilities[-1]) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("probability", "classes"),
    [
        (0.05, ("HEM",)),
        (math.nextafter(0.3, 0), ("HEM",)),
        (0.3, ("HEM", "ALL")),
        (0.6, ("HEM", "ALL")),
        (math.nextafter(0.6, 1), ("ALL",)),
        (0.95, ("ALL",)),
    ],
)
def test_the_conformal_set_names_the_classes_that_are_not_ruled_out(probability, classes):
    conformal = Conformal(miscoverage=0.1, hem=0.6, all=0.7)

    assert conformal.classes(probability) == classes
