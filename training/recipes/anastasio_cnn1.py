"""Anastasio's cnn1, at 128 of its 256 pixels.

    python -m training fit anastasio_cnn1 DIR

Published: .776, likewise, with inverted labels on one image in seven.
"""

from training.earlier import earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_cnn1",
    anastasio.cnn1,
    learning_rate=0.0001,
)
