"""The recipes of the earlier projects' networks, under our protocol and within a budget that two cores can bear.

They see their own kind of input, the cell in a black frame shrunk to a small square, and learn by their own optimizer
and rate, from cells that are turned and flipped, and zoomed or brightened where theirs were. New against their own
training are the grouped folds, classes and subjects in balance, and the budget: so few cells in batches of 32, since a
hundred to the batch would leave too few steps. SageMaker's scripts shear by a fifth of a degree, which is nothing.
Left out are that their RMSprop lowers its rate by a ten-thousandth each step, a fourteenth by the end of what is taken
here, and that ANNa lowers its rate on a plateau, which its early stopping after two epochs hardly lets it reach.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from app.errors import Misconfigured
from training.recipe import OF_AS_PUBLISHED, OF_FROM_SCRATCH, Augment, Optimizer, Precision, Recipe


class NotPublished(Misconfigured):
    code = "not_published"


class NothingPretrained(Misconfigured):
    code = "nothing_pretrained"


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
    optimizer: Optimizer = "rmsprop",
    learning_rate: float = 1e-4,
    epochs: int = 8,
    cells_per_epoch: int = 3200,
    patience: int | None = None,
    precision: Precision = "float32",
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


FRAME_AS_PUBLISHED = 450
"""Side of the images themselves, in pixels, which the earlier projects shrank whole."""

AS_PUBLISHED: dict[str, dict[str, Any]] = {
    "anastasio": {"shrink_to": 256, "batch": 100, "epochs": 10, "cells_per_epoch": 10_000},
    "anna": {"shrink_to": 128, "batch": 32, "epochs": 20, "cells_per_epoch": 10_656},
    "carpenter": {"shrink_to": 256, "batch": 32, "epochs": 5, "cells_per_epoch": 10_656},
    "sagemaker": {"shrink_to": 256, "batch": 32, "epochs": 1, "cells_per_epoch": 6_400},
    "schneider": {"shrink_to": 224, "batch": 32, "epochs": 20, "cells_per_epoch": 8_768},
}
"""By project, what a GPU can bear: their input and batch, and as many cells as they had, drawn from the fold's people.

Carpenter's five epochs are eight or ten for three of his networks, Anastasio's 30 to 150. The scripts for SageMaker
took up to 200 steps on one batch of 32; here every batch is another.
"""


def as_published(recipe: Recipe) -> Recipe:
    """The recipe of an earlier network at its source's own input, batch and number of cells; for a GPU.

    Raises NotPublished where it is none of an earlier project's, or one with pretrained weights.
    """
    project = recipe.name.partition("_")[0]
    if project == "transfer":
        raise NotPublished(
            f"Recipe {recipe.name} runs as published where its ImageNet weights are to be had, as it stands. Leave "
            "--as-published out."
        )
    if project not in AS_PUBLISHED:
        raise NotPublished(
            f"Recipe {recipe.name} has no source's settings to go by; those of {', '.join(AS_PUBLISHED)} have. Leave "
            "--as-published out."
        )
    return dataclasses.replace(
        recipe,
        name=f"{recipe.name}{OF_AS_PUBLISHED}",
        frame=FRAME_AS_PUBLISHED,
        precision="mixed_bfloat16",
        choices={},
        **AS_PUBLISHED[project],
    )


FROM_SCRATCH: dict[str, Any] = {"shrink_to": 96, "epochs": 4, "cells_per_epoch": 800}
"""What two cores can bear of a network of up to 54 million weights when all of them learn."""


def from_scratch(recipe: Recipe) -> Recipe:
    """A transfer recipe without its pretrained weights, on a smaller budget; raises NothingPretrained."""
    if "backbone" not in recipe.network_options:
        raise NothingPretrained(f"Recipe {recipe.name} has no pretrained weights: leave --from-scratch out.")
    options = {**recipe.network_options, "scratch": True}
    name = f"{recipe.name}{OF_FROM_SCRATCH}"
    return dataclasses.replace(recipe, name=name, network_options=options, **FROM_SCRATCH)
