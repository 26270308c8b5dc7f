"""A narrow ResNet-10 on a small budget, on which each step of training is tried; a fifth of the cells that `cnn1` met.

    python -m training fit resnet DIR

Its variants leave one step out, or add one, and change nothing else.
"""

from training.networks import ours
from training.recipe import Recipe

RECIPE = Recipe(
    name="resnet",
    network=ours.resnet,
    network_options={"width": 16},
    epochs=6,
    cells_per_epoch=3200,
    warm_up_epochs=1.0,
    precision="mixed_bfloat16",
    final_fit=False,
)
