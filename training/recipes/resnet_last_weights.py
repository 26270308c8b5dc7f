"""`resnet` that never averages its weights: what ending each epoch on the average (EMA) brings.

python -m training fit resnet_last_weights DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_last_weights", ema=0.0)
