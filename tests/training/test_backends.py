"""Training keeps to Keras: weights of another backend are exported under TensorFlow, which fitting never asks for."""

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from tests.training.heads import drawn_weights
from training import backend, fit, onnx_model
from training.network import build
from training.recipes import texture8
from training.recipes.smoke import RECIPE

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

TRAINING = Path(fit.__file__).parent

ELSEWHERE = """
import sys
sys.modules["tensorflow"] = None  # whoever asks for it fails
from pathlib import Path
import numpy as np
from training import cnmc, dataset, drawn, fit
from training.network import trained
from training.parts import parts_of, place_of
from training.recipes.smoke import RECIPE

folder = Path(sys.argv[1])
drawn.write_cells(folder / "cells", count=16)
crops = dataset.stored(cnmc.read(cnmc.find(folder / "cells")), folder / "cells", folder=folder / "crops")
asked = {"epochs": 2, "cells_per_epoch": 32, "batch": 16, "patience": 1}
recipe = RECIPE.with_choices(asked)
fit.fit(recipe, crops, folder=folder / "runs", results_folder=folder / "results")
part = parts_of(recipe, crops, folder=place_of(recipe, crops, folder=folder / "runs"))[0]
network = trained(recipe, part)
pixels = np.load(folder / "pixels.npy")
logits = np.asarray(network.predict_on_batch(pixels.astype("float32"))["logit"])
network.save_weights(folder / "network.weights.h5")
np.save(folder / "logits.npy", logits)
"""

ANSWERS = """
import sys
sys.modules["tensorflow"] = None
from pathlib import Path
import numpy as np
from training.network import build
from training.recipes.texture8 import RECIPE

folder = Path(sys.argv[1])
network = build(RECIPE)
network.load_weights(folder / "network.weights.h5")
answer = network.predict_on_batch(np.load(folder / "pixels.npy").astype("float32"))
np.savez(folder / "answer.npz", **{name: np.asarray(told) for name, told in answer.items()})
"""


def file_of(module):
    """The file of a module of `training`; None for whatever is none, say a name that a module imports from another."""
    place = TRAINING.parent.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in files if path.exists()), None) if module.split(".")[0] == "training" else None


def imported(path):
    """Everything that a file imports as it is loaded, by name."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("start", ["training.fit", "training.search", "training.machines", "training.shifts"])
def test_nothing_that_fitting_loads_asks_for_tensorflow_by_name(start):
    seen, waiting = set(), [start]
    while waiting:
        module = waiting.pop()
        path = file_of(module)
        if path and module not in seen:
            waiting += imported(path)
        seen.add(module)

    assert {"training.dataset", "keras"} <= seen
    assert not {name.split(".")[0] for name in seen} & {"tensorflow", "tf2onnx", "torch", "jax"}


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_what_another_backend_has_learned_loads_and_exports_under_tensorflow(backend, tmp_path):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (pip install {backend}): weights saved under it are tried where it is")
    pixels = np.random.default_rng(0).integers(0, 255, (2, RECIPE.size, RECIPE.size, 3)).astype(np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)

    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TRAINING.parent,
        check=True,
    )
    network = build(RECIPE)
    network.load_weights(tmp_path / "network.weights.h5")

    session = onnx_model.session(network, size=RECIPE.size)
    (logits,) = session.run(["logit"], {"pixels": pixels})
    assert logits == pytest.approx(np.load(tmp_path / "logits.npy"), abs=1e-3)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_our_network_answers_alike_under_every_backend(backend, tmp_path):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (pip install {backend}): our network is tried under it where it is")
    pixels = np.stack([crop(draw(number, Look.BLAST), size=224) for number in range(2)])
    np.save(tmp_path / "pixels.npy", pixels)
    network = build(texture8.RECIPE)
    drawn_weights(network, deviation=0.01)
    network.save_weights(tmp_path / "network.weights.h5")

    subprocess.run(
        [sys.executable, "-c", ANSWERS, tmp_path],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TRAINING.parent,
        check=True,
    )

    told = np.load(tmp_path / "answer.npz")
    for name, expected in network.predict_on_batch(pixels.astype(np.float32)).items():
        np.testing.assert_allclose(told[name], expected, atol=1e-4)


def no_list(*_):
    """What Keras does where it has no distribution library for a backend."""
    raise AttributeError("'NoneType' object has no attribute 'list_devices'")


@pytest.mark.parametrize(("has_one", "named"), [(True, "gpu"), (False, "cpu")])
def test_under_torch_which_keras_lists_no_devices_for_the_device_is_torch_s_own(has_one, named, monkeypatch):
    torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: has_one))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    monkeypatch.setattr(keras.distribution, "list_devices", no_list)

    assert backend.device() == named


def test_a_fit_ends_well_where_keras_lists_no_devices(crops, tmp_path, monkeypatch):
    recipe = RECIPE.with_choices({"epochs": 1, "cells_per_epoch": 16, "batch": 16, "size": 64})
    monkeypatch.setattr(keras.distribution, "list_devices", no_list)

    fit.fit(recipe, crops, folder=tmp_path / "runs", results_folder=tmp_path / "results")

    folds = json.loads((tmp_path / "results" / "smoke.json").read_text())["folds"]
    assert [fold["device"] for fold in folds] == ["cpu", "cpu"]


def test_the_device_of_this_backend_is_the_first_of_keras_s_list(monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["GPU:0", "GPU:1"])

    assert backend.device() == "gpu"
