"""Our networks: small ResNets at native scale whose class activation map is exact.

The head is a 1 x 1 convolution followed by a mean, so the mean of `cam` equals `logit` by construction.
"""

from typing import Any

import keras
from keras import layers, ops

from training.networks.arithmetic import cell_of, colour_centred, local_contrast


def resnet(
    *, size: int, width: int = 32, blocks: tuple[int, ...] = (1, 1, 1, 1), dropout: float = 0.2, momentum: float = 0.98
) -> keras.Model:
    """ResNet of basic blocks with a 7 x 7 stem of stride 4. Input N x size x size x 3 in 0-255.

    Outputs: `logit` N x 1 (of ALL), `cam` N x size/32 x size/32 x 1, `embedding` N x 8 width. ResNet-10 is one block a
    stage: 1.23 M parameters at width 32.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    features = _unit(colour_centred(pixels), width, kernel=7, stride=4, momentum=momentum)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            features = _basic_block(features, width * 2**stage, stride=stride, momentum=momentum)
    embedding = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(features)
    kept = layers.SpatialDropout2D(dropout)(features)
    cam = layers.Conv2D(1, 1, dtype="float32", name="cam")(kept)
    logit = layers.GlobalAveragePooling2D(dtype="float32", name="logit")(cam)
    return keras.Model(pixels, {"logit": logit, "cam": cam, "embedding": embedding})


def fine_resnet(
    *, size: int, width: int = 32, blocks: tuple[int, ...] = (1, 1, 1, 1), dropout: float = 0.2, momentum: float = 0.98
) -> keras.Model:
    """`resnet` that looks closer: local contrast as fourth channel, a stem of two 3 x 3 steps, means over the cell.

    The features of the cell alone are averaged, so how much black surrounds it does not speak. Outputs as of `resnet`;
    `cam` is weighted by the share of cell in each of its squares, so its plain mean still is the logit.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    seen = layers.Concatenate(dtype="float32")([colour_centred(pixels), local_contrast(pixels)])
    features = _unit(seen, width // 2, kernel=3, stride=2, momentum=momentum)
    features = _unit(features, width, kernel=3, stride=2, momentum=momentum)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            features = _basic_block(features, width * 2**stage, stride=stride, momentum=momentum)
    share = ops.average_pool(cell_of(pixels), size // features.shape[1]) + 1e-4
    weight = share / ops.mean(share, axis=(1, 2), keepdims=True)
    whole = layers.Activation("linear", dtype="float32")(features)
    embedding = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(whole * weight)
    kept = layers.SpatialDropout2D(dropout)(features)
    spoken = layers.Conv2D(1, 1, dtype="float32")(kept)
    cam = layers.Multiply(dtype="float32", name="cam")([spoken, weight])
    logit = layers.GlobalAveragePooling2D(dtype="float32", name="logit")(cam)
    return keras.Model(pixels, {"logit": logit, "cam": cam, "embedding": embedding})


def _unit(x: Any, filters: int, *, kernel: int, stride: int, momentum: float, relu: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(
        x
    )
    x = layers.BatchNormalization(momentum=momentum)(x)
    return layers.ReLU()(x) if relu else x


def _basic_block(x: Any, filters: int, *, stride: int, momentum: float) -> Any:
    y = _unit(x, filters, kernel=3, stride=stride, momentum=momentum)
    y = _unit(y, filters, kernel=3, stride=1, momentum=momentum, relu=False)
    if stride != 1 or x.shape[-1] != filters:
        x = _unit(x, filters, kernel=1, stride=stride, momentum=momentum, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))
