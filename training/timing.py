"""How long a network takes for one image in ONNX Runtime: median over many runs, one thread, uint8 pixels to logit."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from onnxruntime import InferenceSession, SessionOptions

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import onnx_model

ROUNDS = 100

PIXELS = draw(1, Look.BLAST)


def milliseconds(network: keras.Model, *, size: int) -> float:
    """The median time from a drawn cell's crop of `size` x `size` pixels; what the weights are makes no difference."""
    session, square = _session(network, size=size), crop(PIXELS, size=size)[None]
    return _median(lambda: session.run(["logit"], {"pixels": square}))


def road_milliseconds(network: keras.Model, *, size: int) -> float:
    """The same from the image's RGB pixels, 450 x 450: with finding the cell and cutting it out."""
    session = _session(network, size=size)
    return _median(lambda: session.run(["logit"], {"pixels": crop(PIXELS, size=size)[None]}))


def _session(network: keras.Model, *, size: int) -> InferenceSession:
    with tempfile.TemporaryDirectory() as folder:
        onnx_model.write(network, Path(folder) / "model.onnx", size=size)
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return InferenceSession(Path(folder) / "model.onnx", options, providers=["CPUExecutionProvider"])


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return round(1000 * float(np.median(taken)), 2)
