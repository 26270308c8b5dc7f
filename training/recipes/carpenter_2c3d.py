"""Carpenter's 2C3D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_2c3d DIR

Published figures, recomputed: balanced accuracy .585 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_2c3d",
    carpenter.local,
    options={"name": "2C3D"},
)
