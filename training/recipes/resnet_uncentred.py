"""`resnet` that sees pixels as they are, divided by 255: what centring the colour brings.

python -m training fit resnet_uncentred DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_uncentred", network_options={"width": 16, "centred": False})
