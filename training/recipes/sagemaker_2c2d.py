"""Carpenter's scripted 2C2D: 269 million parameters at 256 pixels; at 128 of its 256 pixels.

    python -m training fit sagemaker_2c2d DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_2c2d",
    carpenter.sagemaker,
    options={"name": "2C2D"},
    learning_rate=0.001,
    cells_per_epoch=960,
    augment=ZOOMED,
)
