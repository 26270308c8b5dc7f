"""How long a network takes for one image in ONNX Runtime: median over many runs, one thread, uint8 pixels to logit."""

import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from onnxruntime import InferenceSession, SessionOptions

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import onnx_model

ROUNDS = 40


def milliseconds(network: keras.Model, *, size: int) -> float:
    """The median time of a drawn cell of `size` x `size` pixels; what the weights are makes no difference to it."""
    with tempfile.TemporaryDirectory() as folder:
        onnx_model.write(network, Path(folder) / "model.onnx", size=size)
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = InferenceSession(Path(folder) / "model.onnx", options, providers=["CPUExecutionProvider"])
    pixels = crop(draw(1, Look.BLAST), size=size)[None]
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        session.run(["logit"], {"pixels": pixels})
        taken.append(time.perf_counter() - began)
    return round(1000 * float(np.median(taken)), 2)
