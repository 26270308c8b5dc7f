"""`resnet` whose cells are all warped: what leaving a third of them unsoftened brings.

python -m training fit resnet_warped DIR
"""

import dataclasses

from training.recipe import Augment
from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_warped", augment=Augment(unwarped_share=0.0))
