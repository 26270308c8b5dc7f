"""The first shipped network: ResNet-10 at native scale, strong scale and brightness jitter, disturbed outlines.

    python -m training fit cnn1 DIR

Three grouped folds and the final fit: under 60 minutes on two free cores.
"""

from training.networks import ours
from training.recipe import Recipe

RECIPE = Recipe(
    name="cnn1",
    network=ours.resnet,
    network_options={"width": 32, "blocks": (1, 1, 1, 1)},
    precision="mixed_bfloat16",
)
