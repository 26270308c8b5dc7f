"""`texture2` whose variations keep their colours: what gamma and stain jitter bring.

python -m training fit texture2_one_colour DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE,
    name="texture2_one_colour",
    augment=dataclasses.replace(texture2.RECIPE.augment, gamma_sigma=0.0, channel_sigma=0.0),
    final_fit=False,
)
