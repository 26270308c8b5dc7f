"""`texture7` that also hears how far each wave answers alike in brightness and in red against blue.

python -m training fit texture8 DIR
"""

import dataclasses

from training.recipes import texture7

RECIPE = dataclasses.replace(
    texture7.RECIPE,
    name="texture8",
    network_options={**texture7.RECIPE.network_options, "steps": (4, 4, 8, 8), "coherence": True},
)
