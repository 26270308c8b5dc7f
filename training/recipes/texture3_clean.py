"""`texture3` whose variations are never noisy: what a little noise brings.

python -m training fit texture3_clean DIR
"""

import dataclasses

from training.recipes import texture3

RECIPE = dataclasses.replace(
    texture3.RECIPE,
    name="texture3_clean",
    augment=dataclasses.replace(texture3.RECIPE.augment, noise_share=0.0),
    final_fit=False,
)
