"""Anastasio's cnn_dropout, at 128 of its 256 pixels.

    python -m training fit anastasio_cnn_dropout DIR

Published: .816, likewise, with inverted labels on one image in seven.
"""

from training.earlier import BRIGHTENED, earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_cnn_dropout",
    anastasio.cnn_dropout,
    learning_rate=0.0001,
    precision="mixed_bfloat16",
    augment=BRIGHTENED,
)
