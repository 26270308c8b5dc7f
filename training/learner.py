"""One network while it learns: with all that it is asked, its optimizer and its checkpoint."""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import adversary, aside
from training.cells import Cell
from training.parts import damaged
from training.recipe import Recipe


@dataclass(frozen=True)
class Learner:
    """A network, and the model of the same weights that training asks: compiled, with an adversary where it has one."""

    network: keras.Model
    asked: keras.Model
    epochs: int
    """How many it has behind it."""
    seconds: float = 0.0
    """And how long those took, as far as its checkpoint says: earlier versions' do not."""


def started(recipe: Recipe, network: keras.Model, cells: Sequence[Cell], *, folder: Path) -> Learner:
    """`network` made ready to learn from `cells`, from the last checkpoint in `folder` where there is one."""
    outputs = {"logit": network.output["logit"]}
    losses: dict[str, Any] = {
        "logit": keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
    }
    if recipe.adversary:
        _, same_class = adversary.subjects_of(cells)
        embedding = network.output["embedding"]
        outputs["subject"] = adversary.guess(embedding, subjects=len(same_class), strength=recipe.adversary)
        losses["subject"] = adversary.loss_among(same_class)
    asked = keras.Model(network.inputs, outputs)
    asked.compile(
        optimizer=_optimizer(recipe),
        loss=losses,
        metrics={"logit": keras.metrics.AUC(from_logits=True, name="auc")},
    )
    epochs, seconds = resumed(asked, folder=folder)
    return Learner(network, asked, epochs, seconds)


def resumed(asked: keras.Model, *, folder: Path) -> tuple[int, float]:
    """Gives a compiled model the weights and the optimizer of its last checkpoint in `folder`, where there is one.

    Gives how many epochs it has behind it, and how many seconds they took as far as the checkpoint says.
    """
    saved = folder / "checkpoint.json"
    if not saved.exists():
        return 0, 0.0
    asked.optimizer.build(asked.trainable_variables)
    try:
        kept = json.loads(saved.read_text())
        epochs = int(kept["epochs"])
        asked.load_weights(folder / f"checkpoint-{epochs}.weights.h5")
    except (OSError, ValueError, KeyError) as error:
        raise damaged(folder, error) from error
    return epochs, float(kept.get("seconds", 0.0))


def settle(asked: keras.Model) -> None:
    """Gives the weights arrays of their own, after Keras has ended an epoch by putting their averages in their place.

    Weights and averages are then one array, and JAX refuses to give that away twice.
    """
    asked.set_weights([np.array(weight) for weight in asked.get_weights()])


def checkpoint(asked: keras.Model, *, folder: Path, epoch: int, seconds: float = 0.0) -> None:
    """Writes weights and optimizer after this many epochs, then their number, what they took and where chance stands.

    Those of the epoch before are then dropped.
    """
    asked.save_weights(folder / f"checkpoint-{epoch}.weights.h5")
    dropout = [np.asarray(keras.ops.convert_to_numpy(seed)).tolist() for seed in _seeds(asked)]
    stands = {"epochs": epoch, "seconds": seconds, "dropout": dropout, "order": random.getstate()}
    aside.write(folder / "checkpoint.json", json.dumps(stands))
    (folder / f"checkpoint-{epoch - 1}.weights.h5").unlink(missing_ok=True)


def take_up_chance(asked: keras.Model, *, folder: Path) -> None:
    """Lets chance go on from the last checkpoint in `folder`, where there is one: to be called just before learning.

    Else dropout would begin again with the masks of the first epoch, and so would the order of an epoch's batches,
    which Keras draws from Python's own generator. A checkpoint of an earlier version says nothing of either.
    """
    saved = folder / "checkpoint.json"
    kept = json.loads(saved.read_text()) if saved.exists() else {}
    if "order" in kept:
        for seed, state in zip(_seeds(asked), kept["dropout"], strict=True):
            seed.assign(state)
        version, words, gauss = kept["order"]
        random.setstate((version, tuple(words), gauss))


def _seeds(asked: keras.Model) -> list[Any]:
    """The variables that say where each dropout's chance stands: Keras counts them among no weights, and saves none."""
    weights = {id(weight) for weight in asked.weights}
    return [variable for variable in asked.variables if id(variable) not in weights]


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    if recipe.optimizer != "adamw":
        plain_ones = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
        return plain_ones[recipe.optimizer](recipe.learning_rate)
    steps = recipe.cells_per_epoch // recipe.batch
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 25,
        decay_steps=max(1, math.ceil(steps * (recipe.epochs - recipe.warm_up_epochs))),
        warmup_target=recipe.learning_rate,
        warmup_steps=math.ceil(steps * recipe.warm_up_epochs),
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        clipnorm=recipe.clip_norm,
        use_ema=recipe.ema > 0,
        ema_momentum=recipe.ema or 0.99,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
