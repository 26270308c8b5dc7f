"""Carpenter's 2x1x1C1D-D25 (notebook 004) with Adam, at 128 of its 256 pixels.

    python -m training fit carpenter_2x1x1c1d_d25_adam DIR

Published figures, recomputed: balanced accuracy .569 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_2x1x1c1d_d25_adam",
    carpenter.local,
    options={"name": "2x1x1C1D-D25"},
    optimizer="adam",
    learning_rate=0.001,
    cells_per_epoch=640,
    precision="mixed_bfloat16",
)
