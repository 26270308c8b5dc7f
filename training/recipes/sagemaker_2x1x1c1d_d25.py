"""Carpenter's scripted 2x1x1C1D-D25: four convolutions with dropout, 98 million parameters; here at 128 pixels.

    python -m training fit sagemaker_2x1x1c1d_d25 DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_2x1x1c1d_d25",
    carpenter.sagemaker,
    options={"name": "2x1x1C1D-D25"},
    learning_rate=0.001,
    cells_per_epoch=640,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
