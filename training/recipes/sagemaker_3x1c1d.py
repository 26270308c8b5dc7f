"""Carpenter's scripted 3x1C1D: three convolutions; at 128 of its 256 pixels.

    python -m training fit sagemaker_3x1c1d DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_3x1c1d",
    carpenter.sagemaker,
    options={"name": "3x1C1D"},
    learning_rate=0.001,
    cells_per_epoch=1280,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
