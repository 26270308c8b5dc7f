"""Self-supervised pretraining: two variations of a cell shall have like embeddings, and unlike those of other cells.

SimCLR (Chen et al. 2020) without its large batches. No label is read; seen are cells of people that the fold learns
from, and unlabelled ones, whose people are in no fold.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.augment import Varier
from training.dataset import Crops, Pixels, TrainingBatches

PROJECTED = 64
TEMPERATURE = 0.2
LEARNING_RATE = 1e-3


class Pairs(TrainingBatches):
    """One epoch: uint8 2B x size x size x 3, one variation of each of B cells and then another, and no answers."""

    def __getitem__(self, index: int) -> tuple[Pixels, Any]:
        chosen, rng = self.of(index)
        pixels = self.varied(np.concatenate([chosen, chosen]), rng)
        return pixels, np.zeros((len(pixels), 1), np.float32)


def pretrain(
    network: keras.Model,
    pools: Sequence[tuple[Crops, NDArray[np.int64]]],
    *,
    varier: Varier,
    epochs: int,
    batch: int,
    seed: tuple[int, ...],
) -> None:
    """Gives the network up to its `embedding` better starting weights; its head keeps its own. Every epoch meets each
    cell that is named by its place among the crops of its pool, one pool after another.
    """
    hidden = layers.Dense(2 * PROJECTED, activation="relu", dtype="float32")(network.output["embedding"])
    projected = layers.Dense(PROJECTED, dtype="float32", name="projected")(hidden)
    model = keras.Model(network.inputs, projected)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=contrast)
    for epoch in range(epochs):
        losses = []
        for crops, learns in pools:
            drawn = np.random.default_rng((*seed, epoch)).permutation(learns)
            pairs = Pairs(crops, drawn, answers={}, varier=varier, batch=batch, seed=(*seed, epoch))
            losses += model.fit(pairs, verbose=0).history["loss"]
        print(f"pretraining epoch {epoch + 1}/{epochs} loss {np.mean(losses):.4f}", flush=True)


def contrast(_: Any, projected: Any) -> Any:
    """Cross-entropy of finding each row's twin, half a batch away, among all other rows; `projected` is 2B x D."""
    length = ops.sqrt(ops.sum(projected * projected, axis=1, keepdims=True) + 1e-12)
    unit = projected / length
    count = ops.shape(projected)[0]
    likeness = ops.matmul(unit, ops.transpose(unit)) / TEMPERATURE - 1e9 * ops.eye(count)
    twin = (ops.arange(count) + count // 2) % count
    return keras.losses.sparse_categorical_crossentropy(twin, likeness, from_logits=True)
