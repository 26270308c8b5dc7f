"""`texture9` that also hears how far each wave is loud in two colours at the same places, at its two finest scales.

    python -m training fit texture10 DIR

On the mean of partitions 0 to 2, by which it was chosen, that brings .005 of AUC and .010 of floor-matched AUC, on that
of 3 and 4 .001 and .003, and with every person left out alone, by which it was chosen too, .004 and .008. Tints weigh
more, so that they cost hardly more than before: left at .75, red and green cost more beyond their intervals.
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture9

RECIPE = dataclasses.replace(
    texture9.RECIPE,
    name="texture10",
    network_options={**texture9.RECIPE.network_options, "together": 2},
    discriminant=dataclasses.replace(texture9.RECIPE.discriminant or Discriminant(), tints=1.1),
)
