"""Carpenter's 1x1C1D-BN (notebook 004) with RMSprop, at 128 of its 256 pixels.

    python -m training fit carpenter_1x1c1d_bn_rmsprop DIR

Published figures, recomputed: balanced accuracy .500 (collapsed) on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_1x1c1d_bn_rmsprop",
    carpenter.local,
    options={"name": "1x1C1D-BN"},
    optimizer="rmsprop",
    learning_rate=0.001,
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
)
