"""Carpenter's scripted 2x2x1C1D: four convolutions, 101 million parameters at its 256 pixels; here at 128.

    python -m training fit sagemaker_2x2x1c1d DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_2x2x1c1d",
    carpenter.sagemaker,
    options={"name": "2x2x1C1D"},
    learning_rate=0.001,
    cells_per_epoch=640,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
