"""How long a network takes for one image in ONNX Runtime, uint8 pixels to logit on one thread: the median of many runs.

Of several series the quickest counts, for what other guests of a machine take is not the network's.
"""

from collections.abc import Callable

import keras
import numpy as np
from onnxruntime import SessionOptions

from app.vision.drawn import Look, draw
from app.vision.preprocess import crop
from training import onnx_model
from training.stopwatch import Milliseconds, seconds

SERIES, ROUNDS = 20, 20


def milliseconds(network: keras.Model, *, size: int) -> Milliseconds:
    """Of a network for crops of `size` pixels. Unlike `stopwatch.milliseconds`, which takes the quickest run of each of
    many acts, the medians of one act's runs in the quickest of SERIES.
    """
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
    """Milliseconds, of the quickest of SERIES the median of ROUNDS."""
    return round(1000 * min(float(np.median(seconds(act, runs=ROUNDS))) for _ in range(SERIES)), 2)
