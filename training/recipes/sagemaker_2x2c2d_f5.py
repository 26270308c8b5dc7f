"""Carpenter's scripted 2x2C2D-f5: four convolutions of 5 x 5, 68 million parameters at its 256 pixels; here at 128.

    python -m training fit sagemaker_2x2c2d_f5 DIR

Its script gives one sigmoid unit to a loss for several, so that it learned nothing there; here it has the common loss.
"""

from training.earlier import ZOOMED, earlier
from training.networks import carpenter

RECIPE = earlier(
    "sagemaker_2x2c2d_f5",
    carpenter.sagemaker,
    options={"name": "2x2C2D-f5"},
    learning_rate=0.001,
    cells_per_epoch=320,
    precision="mixed_bfloat16",
    augment=ZOOMED,
)
