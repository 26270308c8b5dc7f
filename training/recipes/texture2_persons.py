"""`texture2` to which it is all one how far the subjects of a class lie apart: what that scatter brings.

python -m training fit texture2_persons DIR
"""

import dataclasses

from training.recipe import Discriminant
from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE, name="texture2_persons", discriminant=Discriminant(subjects=0.0), final_fit=False
)
