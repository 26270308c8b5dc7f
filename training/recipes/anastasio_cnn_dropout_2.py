"""Anastasio's cnn_dropout_2, at 128 of its 256 pixels.

    python -m training fit anastasio_cnn_dropout_2 DIR

Published: .792, likewise, with inverted labels on one image in seven.
"""

from training.earlier import BRIGHTENED, earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_cnn_dropout_2",
    anastasio.cnn_dropout_2,
    learning_rate=1e-05,
    precision="mixed_bfloat16",
    augment=BRIGHTENED,
)
