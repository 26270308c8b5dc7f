"""`texture11` that is not told how large the cell is.

    python -m training fit texture12 DIR

Size tells the classes apart here, but not among the people of the official preliminary set, whose healthy cells are
larger. Chosen with every person left out alone, weighed so that size and colour tell no more than they do there.
Partitions 15 and 16 are for reporting: nothing had been run on them when this was written, and no trial had looked at
them.
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture11

RECIPE = dataclasses.replace(
    texture11.RECIPE,
    name="texture12",
    network_options={**texture11.RECIPE.network_options, "sized": False},
    discriminant=dataclasses.replace(texture11.RECIPE.discriminant or Discriminant(), size=0.0),
    seeds=(*texture11.RECIPE.seeds, 15, 16),
)
