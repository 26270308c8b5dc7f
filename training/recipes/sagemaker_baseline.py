"""Carpenter's scripted baseline: one wide dense layer; at 128 of its 256 pixels.

    python -m training fit sagemaker_baseline DIR

Published accuracies are of the 32 images that it was trained on.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_baseline",
    carpenter.sagemaker,
    options={"name": "baseline"},
    learning_rate=0.001,
    cells_per_epoch=1280,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
