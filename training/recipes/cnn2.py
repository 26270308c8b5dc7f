"""A closer look than cnn1: local contrast, a fine stem, means over the cell only, half of each batch unwarped.

    python -m training fit cnn2 DIR

Local binary patterns and fine bands carry most of what hand-made features know, and cnn1's stem of stride 4 skips them.
"""

from training.networks import ours
from training.recipe import Augment, Recipe

RECIPE = Recipe(
    name="cnn2",
    network=ours.fine_resnet,
    precision="mixed_bfloat16",
    epochs=12,
    augment=Augment(unwarped_share=0.5, noise_share=0.25, noise_sigma=4.0),
    bundle="blastscreen-cnn",
)
