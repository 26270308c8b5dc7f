"""`texture5` that is not told how large the cell is.

python -m training fit texture5_unsized DIR
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture5

RECIPE = dataclasses.replace(
    texture5.RECIPE,
    name="texture5_unsized",
    network_options={},
    discriminant=Discriminant(tints=0.75, floor=0.0003),
    final_fit=False,
)
