"""Transfer learning as the earlier projects did it: a frozen ImageNet network, its features averaged, one unit.

Each backbone gets its own preprocessing, inside the model. ImageNet weights come from a file that the recipe names or
from Keras' cache; where neither has them the error says so, and only `fit … --from-scratch` trains without them.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import applications, layers, ops

from app.errors import Misconfigured

BACKBONES: dict[str, Any] = {
    "Xception": applications.Xception,
    "VGG16": applications.VGG16,
    "ResNet50": applications.ResNet50,
    "InceptionResNetV2": applications.InceptionResNetV2,
    "MobileNetV2": applications.MobileNetV2,
}
BLUE_FIRST = ("VGG16", "ResNet50")
"""What came from Caffe: blue first, less the mean of ImageNet's pixels. The others see pixels from -1 to 1."""
IMAGENET_MEAN = (103.939, 116.779, 123.68)
"""Blue, green, red."""


class WeightsNotThere(Misconfigured):
    code = "weights_not_there"


class WeightsDoNotFit(Misconfigured):
    code = "weights_do_not_fit"


def transfer(*, size: int = 256, backbone: str, weights: str | None = None, scratch: bool = False) -> keras.Model:
    """`backbone` of BACKBONES; `weights` is a file of its headless ImageNet weights, None means Keras' cache."""
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    body = _body(BACKBONES[backbone], size=size, weights=weights, scratch=scratch)
    body.trainable = scratch
    features = body(prepared(pixels, backbone=backbone), training=None if scratch else False)
    pooled = layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(features)
    logit = layers.Dense(1, name="logit", dtype="float32")(pooled)
    return keras.Model(pixels, {"logit": logit, "embedding": pooled}, name=f"transfer_{backbone}")


def prepared(pixels: Any, *, backbone: str) -> Any:
    """Pixels 0-255 as this backbone was trained to see them.

    Keras' own `preprocess_input` says the same, but holds the mean as a tensor that tf2onnx takes for an input.
    """
    if backbone in BLUE_FIRST:
        return ops.flip(pixels, axis=-1) - np.array(IMAGENET_MEAN, np.float32)
    return pixels / 127.5 - 1.0


def _body(make: Any, *, size: int, weights: str | None, scratch: bool) -> keras.Model:
    shape = (size, size, 3)
    if scratch:
        return make(include_top=False, weights=None, input_shape=shape)
    if weights:
        return _from_file(make, Path(weights), shape=shape)
    try:
        return make(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # Keras raises a bare one where it cannot fetch them
        raise WeightsNotThere(
            f"ImageNet weights for {make.__name__} are neither in Keras' cache nor to be had ({error}). Name a file of "
            "them in the recipe, or say --from-scratch to train without."
        ) from error


def _from_file(make: Any, weights: Path, *, shape: tuple[int, int, int]) -> keras.Model:
    """The backbone with the weights of a file; raises WeightsNotThere and WeightsDoNotFit."""
    if not weights.is_file():
        raise WeightsNotThere(f"There are no ImageNet weights at {weights}. Name the file, or say --from-scratch.")
    try:
        return make(include_top=False, weights=str(weights), input_shape=shape)
    except (OSError, ValueError) as error:
        reason, *_ = str(error).splitlines()
        raise WeightsDoNotFit(
            f"{weights} holds no weights that fit {make.__name__} without its top ({reason}). Name their file in the "
            "recipe, or say --from-scratch to train without."
        ) from error
