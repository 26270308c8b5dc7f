"""A frozen ImageNet VGG16 and one unit, at 160 of 256 pixels; needs weights in Keras' cache.

    python -m training fit transfer_vgg16 DIR

Published figures, recomputed: balanced accuracy .49 to .58 on the preliminary set.
"""

from training.earlier import earlier
from training.networks import transfer

RECIPE = earlier(
    "transfer_vgg16",
    transfer.transfer,
    options={"backbone": "VGG16"},
    shrink_to=160,
    learning_rate=0.001,
)
