"""`resnet` with mixup: every cell is blended with another, and its label with it.

python -m training fit resnet_mixup DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_mixup", mixup=0.2)
