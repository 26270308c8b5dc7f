"""`texture3` whose variations also change their colours: what gamma and stain jitter bring.

python -m training fit texture3_tinted DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE,
    name="texture3_tinted",
    augment=dataclasses.replace(texture3.RECIPE.augment, gamma_sigma=0.1, channel_sigma=0.1),
    final_fit=False,
)
