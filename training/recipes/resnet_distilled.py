"""`resnet` taught by the mean of a trained `resnet` over the eight ways a cell can lie: its views in one pass.

python -m training fit resnet DIR
python -m training fit resnet_distilled DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_distilled", teacher=resnet.RECIPE)
