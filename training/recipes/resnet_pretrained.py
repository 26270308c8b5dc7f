"""`resnet` that first learns, without labels, which two variations are of one cell.

python -m training fit resnet_pretrained DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_pretrained", pretraining_epochs=4)
