"""`texture2` whose variations keep their size: what scale jitter brings.

python -m training fit texture2_one_size DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE,
    name="texture2_one_size",
    augment=dataclasses.replace(texture2.RECIPE.augment, scale_log=0.0),
    final_fit=False,
)
