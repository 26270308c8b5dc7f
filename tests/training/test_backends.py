"""Training keeps to Keras: weights of another backend are exported under TensorFlow, which fitting never asks for."""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from training import fit, onnx_model
from training.recipes.smoke import RECIPE

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of TensorFlow

TRAINING = Path(fit.__file__).parent

ELSEWHERE = """
import sys
import numpy as np
from training import fit
from training.recipes.smoke import RECIPE

network = fit.build(RECIPE)
pixels = np.load(sys.argv[1])
logits = np.asarray(network.predict_on_batch(pixels.astype("float32"))["logit"])
network.save_weights(sys.argv[2])
np.save(sys.argv[3], logits)
assert "tensorflow" not in sys.modules, "fitting imported TensorFlow"
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
def test_weights_of_another_backend_load_and_export_under_tensorflow(backend, tmp_path):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed (pip install {backend}): weights saved under it are tried where it is")
    pixels = np.random.default_rng(0).integers(0, 255, (2, RECIPE.size, RECIPE.size, 3)).astype(np.uint8)
    there, weights, expected = (tmp_path / name for name in ("pixels.npy", "network.weights.h5", "logits.npy"))
    np.save(there, pixels)

    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, there, weights, expected],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=TRAINING.parent,
        check=True,
    )
    network = fit.build(RECIPE)
    network.load_weights(weights)
    onnx_model.write(network, tmp_path / "model.onnx", size=RECIPE.size)

    session = InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logit"], {"pixels": pixels})
    assert logits == pytest.approx(np.load(expected), abs=1e-3)
