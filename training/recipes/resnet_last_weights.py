"""`resnet` that keeps its last weights: what averaging them (EMA) brings.

python -m training fit resnet_last_weights DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_last_weights", ema=0.0)
