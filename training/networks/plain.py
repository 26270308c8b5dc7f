"""Sequences of plain layers as values, and the functional Keras model that they make: RGB 0-255 in, one logit out."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import layers

Step = Callable[[], Any]
"""Makes one layer with its settings, so that every model gets weights of its own."""


def conv(filters: int, *, padding: str = "valid", kernel: int = 3, l2: float = 0.0) -> Step:
    """Convolution and ReLU."""
    return partial(
        layers.Conv2D, filters, kernel, padding=padding, activation="relu", kernel_regularizer=_regularizer(l2)
    )


def pool() -> Step:
    """The largest of every 2 x 2."""
    return layers.MaxPooling2D


def norm() -> Step:
    """Batch normalisation."""
    return layers.BatchNormalization


def dropout(share: float) -> Step:
    """Dropout, in training only."""
    return partial(layers.Dropout, share)


def dense(units: int, *, l2: float = 0.0) -> Step:
    """Dense layer and ReLU; whatever comes before is flattened first."""
    return partial(layers.Dense, units, activation="relu", kernel_regularizer=_regularizer(l2))


def _regularizer(l2: float) -> Any:
    return keras.regularizers.L2(l2) if l2 else None


def classifier(steps: Sequence[Step], *, size: int, name: str, scale: float = 1 / 255) -> keras.Model:
    """N x size x size x 3 in 0-255, times `scale`, through the steps, to `logit` N x 1 of ALL."""
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    features = layers.Rescaling(scale)(pixels)
    last: Step = partial(layers.Dense, 1, dtype="float32", name="logit")
    for step in (*steps, last):
        layer = step()
        if isinstance(layer, layers.Dense) and len(features.shape) > 2:
            features = layers.Flatten()(features)
        features = layer(features)
    return keras.Model(pixels, {"logit": features}, name=re.sub(r"[^A-Za-z0-9]", "_", f"n{name}"))
