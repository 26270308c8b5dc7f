"""`texture10` whose head takes the stain off: how red a cell is against green, a covariate and no sign of a class.

    python -m training fit texture11 DIR

Chosen on partitions 3 and 4 and with every person left out alone, where its worst shift costs no more beyond its
interval than `texture9`'s or `texture10`'s; tints weigh .75 again, as they did in `texture9`. Partitions 13 and 14 are
for reporting: nothing had been run on them when this was written, and no trial had looked at them.
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture9, texture10

RECIPE = dataclasses.replace(
    texture10.RECIPE,
    name="texture11",
    network_options={**texture10.RECIPE.network_options, "stain": True},
    discriminant=dataclasses.replace(texture9.RECIPE.discriminant or Discriminant(), stain_floor=3.0),
    seeds=(*texture10.RECIPE.seeds, 13, 14),
)
