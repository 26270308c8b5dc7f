"""How long a network takes for one image in ONNX Runtime: median over many runs, one thread, uint8 pixels to logit."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from onnxruntime import InferenceSession, SessionOptions

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import onnx_model

ROUNDS = 100


@dataclass(frozen=True)
class Milliseconds:
    """Median times of one drawn cell; what the weights are makes no difference to them."""

    from_crop: float
    """From its crop of `size` x `size` pixels on."""
    whole: float
    """From the image's RGB pixels, 450 x 450: with finding the cell and cutting it out."""


def milliseconds(network: keras.Model, *, size: int) -> Milliseconds:
    with tempfile.TemporaryDirectory() as folder:
        onnx_model.write(network, Path(folder) / "model.onnx", size=size)
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = InferenceSession(Path(folder) / "model.onnx", options, providers=["CPUExecutionProvider"])
    pixels = draw(1, Look.BLAST)
    square = crop(pixels, size=size)[None]
    return Milliseconds(
        from_crop=_median(lambda: session.run(["logit"], {"pixels": square})),
        whole=_median(lambda: session.run(["logit"], {"pixels": crop(pixels, size=size)[None]})),
    )


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return round(1000 * float(np.median(taken)), 2)
