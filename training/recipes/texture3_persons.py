"""`texture3` to which it is all one how far the subjects of a class lie apart: what that scatter brings.

python -m training fit texture3_persons DIR
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE, name="texture3_persons", discriminant=Discriminant(subjects=0.0), final_fit=False
)
