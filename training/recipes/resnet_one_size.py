"""`resnet` whose cells keep their size: what scale jitter brings.

python -m training fit resnet_one_size DIR
"""

import dataclasses

from training.recipe import Augment
from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_one_size", augment=Augment(scale_log=0.0))
