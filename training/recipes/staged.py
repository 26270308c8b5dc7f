"""A small ResNet that learns without labels which two patches are of one cell, under the discriminant of `texture5`.

    python -m training fit staged DIR

Three million patches a fold: a minute or two of a GPU (`KERAS_BACKEND=jax`, and one process for each `--part`), most of
a day on two cores.
"""

import dataclasses

from training.networks import ours
from training.recipe import Patches
from training.recipes import texture5

RECIPE = dataclasses.replace(
    texture5.RECIPE,
    name="staged",
    network=ours.staged,
    network_options={},
    patches=Patches(),
    precision="mixed_bfloat16",
)
