"""Carpenter's scripted 3x2C2D-D25: six convolutions with dropout, 67 million parameters at its 256 pixels; here at 128.

    python -m training fit sagemaker_3x2c2d_d25 DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_3x2c2d_d25",
    carpenter.sagemaker,
    options={"name": "3x2C2D-D25"},
    learning_rate=0.001,
    cells_per_epoch=480,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
