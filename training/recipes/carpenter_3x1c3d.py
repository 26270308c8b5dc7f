"""Carpenter's 3x1C3D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_3x1c3d DIR

Published figures, recomputed: balanced accuracy .595 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_3x1c3d",
    carpenter.local,
    options={"name": "3x1C3D"},
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
)
