"""The recipes of the earlier projects' networks, under our protocol and within a budget that two cores can bear.

They see their own kind of input, the cell in a black frame shrunk to a small square, and learn by their own optimizer
and rate, from cells that are turned and flipped, and zoomed or brightened where theirs were. New against their own
training are the grouped folds, classes and subjects in balance, and the budget: so few cells in batches of 32, since a
hundred to the batch would leave too few steps. SageMaker's scripts shear by a fifth of a degree, which is nothing.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from training.recipe import Augment, Recipe

FRAME = 288
"""Crop at native scale before it is shrunk, in pixels; nearly every cell lies whole in it."""

TURNED_AND_FLIPPED = Augment(
    unwarped_share=1.0, gamma_sigma=0.0, channel_sigma=0.0, noise_share=0.0, eroded_share=0.0, opened_share=0.0
)
BRIGHTENED = dataclasses.replace(TURNED_AND_FLIPPED, brightness=0.5)
"""As Anastasio's, whose notebook brightens by a factor of .5 to 1.5."""
ZOOMED = dataclasses.replace(TURNED_AND_FLIPPED, unwarped_share=0.0, scale_log=0.2, shift_px=0.0)
"""As Carpenter's scripts, which zoom by a fifth."""


def earlier(  # noqa: PLR0913 - what the sources differ in
    name: str,
    network: Callable[..., Any],
    *,
    options: dict[str, Any] | None = None,
    shrink_to: int = 128,
    optimizer: str = "rmsprop",
    learning_rate: float = 1e-4,
    epochs: int = 8,
    cells_per_epoch: int = 3200,
    patience: int | None = None,
    precision: str = "float32",
    augment: Augment = TURNED_AND_FLIPPED,
    choices: dict[str, tuple[Any, ...]] | None = None,
) -> Recipe:
    """One of their networks: three grouped folds of seed 0, minutes to half an hour of two cores, no final fit.

    What costs more an image than most gets fewer cells an epoch; RESULTS.md says how many, and the minutes. Where a
    recipe says `mixed_bfloat16`, that halves the time.
    """
    return Recipe(
        name=name,
        network=network,
        network_options=options or {},
        size=FRAME,
        shrink_to=shrink_to,
        optimizer=optimizer,
        learning_rate=learning_rate,
        label_smoothing=0.0,
        batch=32,
        epochs=epochs,
        cells_per_epoch=cells_per_epoch,
        precision=precision,
        patience=patience,
        augment=augment,
        final_fit=False,
        choices=choices or {},
    )
