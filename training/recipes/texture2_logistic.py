"""`texture2` whose head is a logistic regression, as its predecessor's: what the discriminant brings.

python -m training fit texture2_logistic DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE, name="texture2_logistic", discriminant=None, head_strength=0.1, final_fit=False
)
