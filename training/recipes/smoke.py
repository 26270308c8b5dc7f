"""A tiny network on drawn cells, through to a bundle in under two minutes: it proves the road, no more.

    python -m training fit smoke
    python -m training export smoke

AUC on drawn cells: above .9. A width of 8 crashes the oneDNN convolution of TensorFlow 2.21 on some processors.
"""

from training.networks import ours
from training.recipe import Augment, Recipe

RECIPE = Recipe(
    name="smoke",
    network=ours.resnet,
    network_options={"width": 16, "blocks": (1, 1, 1), "momentum": 0.9},
    epochs=3,
    cells_per_epoch=320,
    batch=32,
    warm_up_epochs=0.5,
    ema=0.9,
    augment=Augment(scale_log=0.1, gamma_sigma=0.1, channel_sigma=0.05),
    folds=2,
    bundle="drawn",
    drawn_cells=100,
)
