"""`resnet` that meets every cell of a class equally often: what balancing subjects brings.

python -m training fit resnet_by_cells DIR
"""

import dataclasses

from training.recipes import resnet

RECIPE = dataclasses.replace(resnet.RECIPE, name="resnet_by_cells", sampling="cells")
