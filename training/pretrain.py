"""Self-supervised pretraining: two variations of a cell shall have like embeddings, and unlike those of other cells.

SimCLR (Chen et al. 2020) without its large batches. No label is read, and only cells of people that the fold learns
from are seen.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.augment import Varier
from training.dataset import Crops, Pixels

PROJECTED = 64
TEMPERATURE = 0.2
LEARNING_RATE = 1e-3


class Pairs(keras.utils.PyDataset):
    """One epoch: uint8 2B x size x size x 3, one variation of each of B cells and then another, and no answers."""

    def __init__(
        self, crops: Crops, chosen: NDArray[np.int64], *, varier: Varier, batch: int, seed: tuple[int, ...]
    ) -> None:
        super().__init__(workers=2, max_queue_size=6)
        self._crops, self._chosen, self._varier, self._batch, self._seed = crops, chosen, varier, batch, seed

    def __len__(self) -> int:
        return len(self._chosen) // self._batch

    def __getitem__(self, index: int) -> tuple[Pixels, NDArray[np.float32]]:
        chosen = self._chosen[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((*self._seed, index))
        pixels = [
            self._varier.vary(self._crops.pixels[cell], self._crops.outlines[cell], rng=rng)
            for cell in (*chosen, *chosen)
        ]
        return np.stack(pixels), np.zeros((len(pixels), 1), np.float32)


def pretrain(
    network: keras.Model,
    crops: Crops,
    learns: NDArray[np.int64],
    *,
    varier: Varier,
    epochs: int,
    batch: int,
    seed: tuple[int, ...],
) -> None:
    """Gives the network up to its `embedding` better starting weights; its head keeps its own. Every epoch meets as
    many cells as `learns` has.
    """
    hidden = layers.Dense(2 * PROJECTED, activation="relu", dtype="float32")(network.output["embedding"])
    projected = layers.Dense(PROJECTED, dtype="float32", name="projected")(hidden)
    model = keras.Model(network.inputs, projected)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=contrast)
    for epoch in range(epochs):
        drawn = np.random.default_rng((*seed, epoch)).permutation(learns)
        pairs = Pairs(crops, drawn, varier=varier, batch=batch, seed=(*seed, epoch))
        loss = model.fit(pairs, verbose=0).history["loss"][-1]
        print(f"pretraining epoch {epoch + 1}/{epochs} loss {loss:.4f}", flush=True)


def contrast(_: Any, projected: Any) -> Any:
    """Cross-entropy of finding each row's twin, half a batch away, among all other rows; `projected` is 2B x D."""
    length = ops.sqrt(ops.sum(projected * projected, axis=1, keepdims=True) + 1e-12)
    unit = projected / length
    count = ops.shape(projected)[0]
    likeness = ops.matmul(unit, ops.transpose(unit)) / TEMPERATURE - 1e9 * ops.eye(count)
    twin = (ops.arange(count) + count // 2) % count
    return keras.losses.sparse_categorical_crossentropy(twin, likeness, from_logits=True)
