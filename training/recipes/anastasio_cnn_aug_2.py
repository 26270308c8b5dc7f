"""Anastasio's cnn_aug_2, at 128 of its 256 pixels.

    python -m training fit anastasio_cnn_aug_2 DIR

Published: .744, likewise, with inverted labels on one image in seven.
"""

from training.earlier import BRIGHTENED, earlier
from training.networks import anastasio

RECIPE = earlier(
    "anastasio_cnn_aug_2",
    anastasio.cnn_aug_2,
    learning_rate=0.0001,
    augment=BRIGHTENED,
)
