"""How long a network takes for one image in ONNX Runtime, uint8 pixels to logit on one thread: the median of many runs.

Of several series the quickest counts, for what other guests of a machine take is not the network's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from onnxruntime import SessionOptions

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import onnx_model
from training.stopwatch import seconds

SERIES, ROUNDS = 20, 20


@dataclass(frozen=True)
class Milliseconds:
    """Median times of one drawn cell; what the weights are makes no difference to them."""

    from_crop: float
    """From its crop of `size` x `size` pixels on."""
    whole: float
    """From the image's RGB pixels, 450 x 450: with finding the cell and cutting it out."""


def milliseconds(network: keras.Model, *, size: int) -> Milliseconds:
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnx_model.session(network, size=size, options=options)
    pixels = draw(1, Look.BLAST)
    square = crop(pixels, size=size)[None]
    return Milliseconds(
        from_crop=_median(lambda: session.run(["logit"], {"pixels": square})),
        whole=_median(lambda: session.run(["logit"], {"pixels": crop(pixels, size=size)[None]})),
    )


def _median(act: Callable[[], object]) -> float:
    """Milliseconds, of the quickest of several series the median."""
    return round(1000 * min(float(np.median(seconds(act, runs=ROUNDS))) for _ in range(SERIES)), 2)
