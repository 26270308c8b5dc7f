"""Anastasio's baseline_dense, at 128 of its 256 pixels.

    python -m training fit anastasio_baseline_dense DIR

Published: accuracy .808 on a leaking test, with inverted labels on one image in seven.
"""

from training.earlier import earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_baseline_dense",
    anastasio.baseline_dense,
    learning_rate=0.0001,
    optimizer="adam",
)
