"""Carpenter's 2x2x1C2D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_2x2x1c2d DIR

Published figures, recomputed: balanced accuracy .618 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_2x2x1c2d",
    carpenter.local,
    options={"name": "2x2x1C2D"},
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
)
