"""`resnet` whose cells keep their colours: what gamma and stain jitter bring.

python -m training fit resnet_one_colour DIR
"""

import dataclasses

from training.recipe import Augment
from training.recipes import resnet

RECIPE = dataclasses.replace(
    resnet.RECIPE, name="resnet_one_colour", augment=Augment(gamma_sigma=0.0, channel_sigma=0.0)
)
