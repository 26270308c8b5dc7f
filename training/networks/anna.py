"""ANNa (cucu-o0, "final project IH leukemia"): a small U-Net whose mask, shrunk, is read by dense layers.

128 x 128 pixels, unscaled, in the order blue, green, red; Adam at 1e-3, early stopping on validation loss.
"""

from typing import Any

import keras
from keras import layers, ops


def anna(*, size: int = 128, filters: int = 4) -> keras.Model:
    """824,478 parameters at 128 pixels, of which 135,325 are the U-Net's."""
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    mask = _u_net(ops.flip(pixels, axis=-1), filters=filters)
    features = layers.Flatten()(layers.MaxPooling2D(4)(mask))
    for units, share in ((512, 0.5), (256, 0.5), (128, 0.2)):
        features = layers.Dropout(share)(layers.Dense(units, activation="relu")(features))
    return keras.Model(pixels, {"logit": layers.Dense(1, dtype="float32", name="logit")(features)}, name="anna")


def _u_net(x: Any, *, filters: int) -> Any:
    skips = []
    for level in range(4):
        x = _two_convolutions(x, filters * 2**level)
        skips.append(x)
        x = layers.Dropout(0.25 if level == 0 else 0.5)(layers.MaxPooling2D()(x))
    x = _two_convolutions(x, filters * 16)
    for level in reversed(range(4)):
        x = layers.Conv2DTranspose(filters * 2**level, 3, strides=2, padding="same")(x)
        x = layers.Dropout(0.5)(layers.Concatenate()([x, skips[level]]))
        x = _two_convolutions(x, filters * 2**level)
    return layers.Conv2D(1, 1, activation="sigmoid")(x)


def _two_convolutions(x: Any, filters: int) -> Any:
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return x
