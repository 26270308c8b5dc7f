"""`texture2` whose variations keep their colours, and of which one in twenty is a little noisy, as rounding makes it.

python -m training fit texture2_noisy DIR
"""

import dataclasses

from training.recipes import texture2

RECIPE = dataclasses.replace(
    texture2.RECIPE,
    name="texture2_noisy",
    augment=dataclasses.replace(
        texture2.RECIPE.augment, gamma_sigma=0.0, channel_sigma=0.0, noise_share=0.05, noise_sigma=2.0
    ),
    final_fit=False,
)
