"""Carpenter's scripted 2x2x1C1D-D25-nopad: five unpadded convolutions, 86 million parameters; here at 128 pixels.

    python -m training fit sagemaker_2x2x1c1d_d25_nopad DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_2x2x1c1d_d25_nopad",
    carpenter.sagemaker,
    options={"name": "2x2x1C1D-D25-nopad"},
    learning_rate=0.001,
    cells_per_epoch=640,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
