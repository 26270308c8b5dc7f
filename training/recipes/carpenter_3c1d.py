"""Carpenter's 3C1D (notebook 004), at 128 of its 256 pixels.

    python -m training fit carpenter_3c1d DIR

Published figures, recomputed: balanced accuracy .606 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import carpenter

RECIPE = earlier(
    "carpenter_3c1d",
    carpenter.local,
    options={"name": "3C1D"},
)
