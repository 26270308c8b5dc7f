"""Carpenter's 2x2C1D-D25 (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_2x2c1d_d25 DIR

Published figures, recomputed: balanced accuracy .580 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_2x2c1d_d25",
    carpenter.local,
    options={"name": "2x2C1D-D25"},
    learning_rate=0.001,
    cells_per_epoch=1600,
)
