"""`texture3` whose variations keep their size: what scale jitter brings.

python -m training fit texture3_one_size DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE,
    name="texture3_one_size",
    augment=dataclasses.replace(texture3.RECIPE.augment, scale_log=0.0),
    final_fit=False,
)
