"""Anastasio's cnn_reg, at 128 of its 256 pixels.

    python -m training fit anastasio_cnn_reg DIR

Published: .768, likewise, with inverted labels on one image in seven.
"""

from training.earlier import BRIGHTENED, earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_cnn_reg",
    anastasio.cnn_reg,
    learning_rate=0.0001,
    augment=BRIGHTENED,
)
