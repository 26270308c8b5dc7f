"""`texture5` with the ridge of `texture4`, thirty times as high.

python -m training fit texture5_ridge DIR
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture5

RECIPE = dataclasses.replace(
    texture5.RECIPE, name="texture5_ridge", discriminant=Discriminant(tints=0.75, size=0.2), final_fit=False
)
