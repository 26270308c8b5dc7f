"""The recipes of the earlier projects' networks, under our protocol and within a budget that two cores can bear.

They see their own kind of input, the cell in a black frame shrunk to a small square, turned and flipped, with classes
and subjects in balance; what is new against their own training is only that, the grouped folds and the budget.
"""

from collections.abc import Callable
from typing import Any

from training.recipe import Augment, Recipe

FRAME = 288
"""Crop at native scale before it is shrunk, in pixels; nearly every cell lies whole in it."""

TURNED_AND_FLIPPED = Augment(
    unwarped_share=1.0, gamma_sigma=0.0, channel_sigma=0.0, noise_share=0.0, eroded_share=0.0, opened_share=0.0
)


def earlier(
    name: str,
    network: Callable[..., Any],
    *,
    options: dict[str, Any] | None = None,
    shrink_to: int = 128,
    optimizer: str = "rmsprop",
    learning_rate: float = 1e-4,
    cells_per_epoch: int = 3200,
    precision: str = "float32",
    choices: dict[str, tuple[Any, ...]] | None = None,
) -> Recipe:
    """One of their networks: three grouped folds of seed 0, 8 epochs, some twenty minutes of two cores, no final fit.

    What costs more an image than most gets fewer cells an epoch. Where a recipe says `mixed_bfloat16`, that halves the
    time.
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
        epochs=8,
        cells_per_epoch=cells_per_epoch,
        precision=precision,
        augment=TURNED_AND_FLIPPED,
        final_fit=False,
        choices=choices or {},
    )
