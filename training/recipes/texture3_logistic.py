"""`texture3` whose head is a logistic regression, as its predecessor's: what the discriminant brings.

python -m training fit texture3_logistic DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE, name="texture3_logistic", discriminant=None, head_strength=0.1, final_fit=False
)
