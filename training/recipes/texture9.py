"""`texture8` whose scatter among persons and under variations weighs more, and so does the floor of what varies.

    python -m training fit texture9 DIR

The weights of `texture8` date from a fixed head of a quarter of its features. The mean healthy person's specificity
rises on each of five partitions and with every person left out alone; ranking is the same within its intervals.
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture8

RECIPE = dataclasses.replace(
    texture8.RECIPE,
    name="texture9",
    discriminant=dataclasses.replace(
        texture8.RECIPE.discriminant or Discriminant(), subjects=6.0, views=4.0, varying_floor=3.0
    ),
)
