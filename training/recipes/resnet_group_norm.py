"""`resnet` with GroupNorm, eight groups of channels in each image by itself, instead of BatchNorm.

python -m training fit resnet_group_norm DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_group_norm", network_options={"width": 16, "groups": 8})
