"""Carpenter's 2x1x1C1D-D25 (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_2x1x1c1d_d25 DIR

Published figures, recomputed: balanced accuracy .588 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_2x1x1c1d_d25",
    carpenter.local,
    options={"name": "2x1x1C1D-D25"},
    cells_per_epoch=640,
    precision="mixed_bfloat16",
)
