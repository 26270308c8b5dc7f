"""Carpenter's 3C1D-few (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_3c1d_few DIR

Published figures, recomputed: balanced accuracy .580 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_3c1d_few",
    carpenter.local,
    options={"name": "3C1D-few"},
    cells_per_epoch=1600,
    precision="mixed_bfloat16",
)
