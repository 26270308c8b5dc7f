"""Self-supervised learning of all before a head: two patches of one cell shall have like embeddings.

SimCLR (Chen et al. 2020) on patches at native scale: no label is read, and no two cells of a person are told to be
alike. What a network learns so does not know the people by heart, of whom there are too few. Patches are cut and varied
where the network computes: thousands of steps are minutes on a GPU, and half a day on two cores.
"""

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.dataset import Crops
from training.learner import checkpoint, resumed, take_up_chance
from training.network import build
from training.pretrain import contrast
from training.recipe import Patches, Recipe

HIDDEN, PROJECTED = 512, 128
ROUND = 100
"""Steps between two checkpoints."""

Floats = NDArray[np.float32]


def learn(
    recipe: Recipe,
    network: keras.Model,
    pools: Sequence[tuple[Crops, NDArray[np.int64]]],
    *,
    asked: Patches,
    folder: Path,
    seed: tuple[int, ...],
) -> float:
    """Gives `network` weights learned from those cells of each pool that are named by their place among its crops; its
    head keeps its own. What is held together and apart is the last part of what that head reads.

    Gives the seconds that it took. Checkpoints are kept in `folder`, and a run that was cut off goes on from the last.
    """
    began = time.monotonic()
    of_patches = build(dataclasses.replace(recipe, size=asked.side), precision=recipe.precision)
    of_patches.set_weights(network.get_weights())
    count, side = sum(len(cells) for _, cells in pools), pools[0][0].pixels.shape[1]
    model = _asked(of_patches, asked, cells=count, side=side)
    rounds, seconds = resumed(model, folder=folder)
    began -= seconds
    take_up_chance(model, folder=folder)
    to_come = range(rounds, math.ceil(asked.steps / ROUND))
    pixels = (
        ops.convert_to_tensor(np.concatenate([packed(crops.pixels, cells) for crops, cells in pools]))
        if to_come
        else None
    )
    for number in to_come:
        rng = np.random.default_rng((*seed, number))
        first, last = number * ROUND, min((number + 1) * ROUND, asked.steps)
        losses = []
        for _ in range(first, last):
            cells = np.tile(rng.choice(count, min(asked.batch, count), replace=False).astype(np.int32), 2)
            vary = drawn(len(cells), asked, rng=rng)
            told = {"pixels": pixels, "cells": ops.convert_to_tensor(cells), "drawn": ops.convert_to_tensor(vary)}
            losses.append(float(model.train_on_batch(told, np.zeros((len(cells), 1), np.float32))))
            model.reset_metrics()
        checkpoint(model, folder=folder, epoch=number + 1, seconds=time.monotonic() - began)
        print(f"{folder.name} patches {last}/{asked.steps} loss {np.mean(losses):.4f}", flush=True)
    network.set_weights(of_patches.get_weights())
    return time.monotonic() - began


def _asked(of_patches: keras.Model, asked: Patches, *, cells: int, side: int) -> keras.Model:
    """From packed pixels of all cells, the cells to look at and how to vary each, to its projection; compiled."""
    told = {
        "pixels": keras.Input(batch_shape=(cells, side * side), dtype="float32", name="pixels"),
        "cells": keras.Input((), dtype="int32", name="cells"),
        "drawn": keras.Input((len(DRAWN),), dtype="float32", name="drawn"),
    }
    seen = Cut(side=asked.side, of=side, dtype="float32", name="cut")(*told.values())
    head = of_patches.get_layer("head")
    head.trainable, parts = False, head.parts
    embedding = keras.Model(of_patches.inputs, of_patches.output["embedding"])(seen)
    deepest = embedding[:, sum(parts[:-1]) : sum(parts)]
    hidden = layers.Dense(HIDDEN, use_bias=False, dtype="float32")(deepest)
    hidden = layers.ReLU(dtype="float32")(layers.BatchNormalization(momentum=0.9, dtype="float32")(hidden))
    model = keras.Model(told, layers.Dense(PROJECTED, dtype="float32", name="projected")(hidden))
    warm_up = min(100, asked.steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        asked.learning_rate / 25, asked.steps - warm_up, warmup_target=asked.learning_rate, warmup_steps=warm_up
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=asked.weight_decay), loss=contrast)
    return model


DRAWN = ("angle", "scale", "flip", "across", "down", "gamma", "red", "green", "blue", "noise")
"""What is drawn for each patch: radians, source pixels to a pixel, -1 or 1, pixels twice, exponent, three gains, grey
levels.
"""


def drawn(count: int, asked: Patches, *, rng: np.random.Generator) -> Floats:
    """How each of `count` patches is varied, count x DRAWN."""
    columns = (
        rng.uniform(0.0, 2.0 * math.pi, count),
        np.exp(rng.uniform(-asked.scale_log, asked.scale_log, count)),
        rng.choice([-1.0, 1.0], count),
        *rng.uniform(-asked.shift_px, asked.shift_px, (2, count)),
        np.exp(rng.normal(0.0, asked.gamma_sigma, count)),
        *np.exp(rng.normal(0.0, asked.channel_sigma, (3, count))),
        rng.uniform(0.0, asked.noise_sigma, count),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def packed(pixels: NDArray[np.uint8], cells: NDArray[np.int64]) -> Floats:
    """The three bytes of each pixel as one whole number below 2^24, which a float32 holds: one look-up, not three.

    From N x side x side x 3, of which `cells` says M, to M x side^2.
    """
    found = np.empty((len(cells), pixels.shape[1] * pixels.shape[2]), np.float32)
    for place, cell in enumerate(cells.tolist()):
        red, green, blue = np.moveaxis(pixels[cell].astype(np.int32), -1, 0)
        found[place] = (red * 65536 + green * 256 + blue).ravel()
    return found


class Cut(layers.Layer):
    """Cuts a patch out of each cell and varies it: one bilinear warp, gamma, gains and noise; black stays black."""

    def __init__(self, *, side: int, of: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._side, self._of = side, of
        self._chance = keras.random.SeedGenerator()

    def call(self, pixels: Any, cells: Any, drawn: Any) -> Any:
        """Patches, N x side x side x 3 in 0-255, from packed pixels M x of^2, N places among them and N x DRAWN."""
        angle, scale, flip, across, down, gamma, red, green, blue, noise = (
            ops.reshape(one, (-1, 1, 1)) for one in ops.split(drawn, len(DRAWN), axis=1)
        )
        along = ops.arange(self._side, dtype="float32") - (self._side - 1) / 2
        v, u = ops.reshape(along, (1, -1, 1)) * scale, ops.reshape(along, (1, 1, -1)) * scale
        middle = (self._of - 1) / 2
        x = middle + across + ops.cos(angle) * u - ops.sin(angle) * v
        y = middle + down + flip * (ops.sin(angle) * u + ops.cos(angle) * v)
        seen = self._bilinear(ops.reshape(pixels, (-1,)), ops.reshape(cells, (-1, 1, 1)), x, y)
        cell = ops.cast(ops.max(seen, axis=-1, keepdims=True) > 1.0, "float32")
        curve = ops.exp(gamma[..., None] * ops.log(ops.maximum(seen, 0.01) / 255.0)) * 255.0
        gains = ops.stack([red, green, blue], axis=-1)
        level = noise[..., None] * keras.random.normal(ops.shape(seen), seed=self._chance)
        return ops.clip(ops.clip(curve * gains, 0.0, 255.0) + level, 1.0, 255.0) * cell

    def _bilinear(self, pixels: Any, cells: Any, x: Any, y: Any) -> Any:
        """The colours at `x` and `y` of each cell, black beyond its picture."""
        last = self._of - 1
        inside = ops.cast((x >= 0) & (x <= last) & (y >= 0) & (y <= last), "float32")
        left, top = (ops.clip(ops.floor(one), 0, last - 1) for one in (x, y))
        right_share, low_share = x - left, y - top
        first = (cells * self._of + ops.cast(top, "int32")) * self._of + ops.cast(left, "int32")
        seen: Any = 0.0
        for step, share in (
            (0, (1 - right_share) * (1 - low_share)),
            (1, right_share * (1 - low_share)),
            (self._of, (1 - right_share) * low_share),
            (self._of + 1, right_share * low_share),
        ):
            found = ops.take(pixels, first + step, axis=0)
            red = ops.floor(found / 65536.0)
            green = ops.floor(found / 256.0) - red * 256.0
            blue = found - red * 65536.0 - green * 256.0
            seen += ops.stack([red, green, blue], axis=-1) * (share * inside)[..., None]
        return seen
