"""Carpenter's 4x1C1D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_4x1c1d DIR

Published figures, recomputed: balanced accuracy unknown on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_4x1c1d",
    carpenter.local,
    options={"name": "4x1C1D"},
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
    learning_rate=0.001,
)
