"""Fixed cosine filters at three scales under a linear head: 640 parameters, learned in minutes.

    python -m training fit texture1 DIR

Partitions 0 to 2 were looked at while it was designed, 3 and 4 were not.
"""

from training.networks import ours
from training.recipe import Augment, Recipe

RECIPE = Recipe(
    name="texture1",
    network=ours.texture,
    augment=Augment(
        unwarped_share=0.5,
        scale_log=0.12,
        gamma_sigma=0.1,
        channel_sigma=0.1,
        noise_share=0.0,
        eroded_share=0.25,
        opened_share=0.1,
    ),
    views=3,
    head_strength=0.1,
    seeds=(3, 4, 0, 1, 2),
)
