"""`resnet` with an adversary that tries to tell the subjects of a class apart by the embedding.

python -m training fit resnet_adversary DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_adversary", adversary=0.3)
