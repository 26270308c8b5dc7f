"""A second question in training that the network is to be bad at: whose cell of its class is this?

A head learns to tell subjects apart from the embedding, and its gradient reaches the network with its sign turned
(Ganin and Lempitsky 2015). It is only asked among the subjects of the cell's own class: every subject has one class, so
a network that knew nothing of the subject at large would know nothing of the class either.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.cells import Cell

WIDTH = 64


class Reversed(layers.Layer):
    """Passes its input on as it is, and the gradient back `strength` times with its sign turned."""

    def __init__(self, strength: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._strength = strength

    def call(self, x: Any) -> Any:
        return (1.0 + self._strength) * ops.stop_gradient(x) - self._strength * x


def guess(embedding: Any, *, subjects: int, strength: float) -> Any:
    """Scores N x `subjects` of whose cell it is, from the embedding N x D."""
    hidden = layers.Dense(WIDTH, activation="relu", dtype="float32")(Reversed(strength, dtype="float32")(embedding))
    return layers.Dense(subjects, dtype="float32", name="subject")(hidden)


def subjects_of(cells: Sequence[Cell]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The number of each cell's subject group, N, and whether two groups are of one class, S x S."""
    _, first, number_of = np.unique([cell.group for cell in cells], return_index=True, return_inverse=True)
    labels = np.array([cells[index].label for index in first])
    return number_of.astype(np.float32), labels[:, None] == labels


def loss_among(same_class: NDArray[np.bool_]) -> Any:
    """Cross-entropy over the subjects of the true one's class, of targets N x 1 and scores N x S."""
    barred = np.where(same_class, 0.0, -1e9).astype(np.float32)

    def loss(subject: Any, scores: Any) -> Any:
        true = ops.cast(ops.reshape(subject, (-1,)), "int32")
        among = scores + ops.take(ops.convert_to_tensor(barred), true, axis=0)
        return keras.losses.sparse_categorical_crossentropy(true, among, from_logits=True)

    return loss
