"""`texture3` that is also told how other colours change a cell: what that costs, and what it buys under a tint.

    python -m training fit texture4 DIR

Red x .9 cost `texture3` .024 of AUC on partition 4; the weight was chosen by that, on all partitions.
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture3

RECIPE = dataclasses.replace(texture3.RECIPE, name="texture4", tints=2, discriminant=Discriminant(tints=0.75))
