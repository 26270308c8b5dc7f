"""Carpenter's 1C1D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_1c1d DIR

Published figures, recomputed: balanced accuracy .627 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_1c1d",
    carpenter.local,
    options={"name": "1C1D"},
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
)
