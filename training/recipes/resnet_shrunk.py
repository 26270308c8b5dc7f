"""`resnet` that sees the crop of the earlier networks, 288 pixels shrunk to 128: what native scale brings.

python -m training fit resnet_shrunk DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_shrunk", size=288, shrink_to=128)
