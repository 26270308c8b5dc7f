"""Our networks, at native scale, whose class activation map is exact: the mean of `cam` is `logit` by construction."""

from typing import Any

import keras
from keras import layers, ops

from training.networks import cosines
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


STEP = 4
"""Pixels between two places where the texture network looks."""


def texture(
    *, size: int, side: int = 5, scales: tuple[int, ...] = (1, 2, 4), thresholds: tuple[float, ...] = (0.0, 1.0, 2.0)
) -> keras.Model:
    """Fixed cosine filters, rectified at thresholds, averaged over the inside of the cell, under one linear head.

    At each scale the pixels are averaged over scale x scale and the responses held against their own mean strength in
    this cell. Input N x size x size x 3 in 0-255. Outputs: `logit` N x 1 (of ALL), `cam` N x size/4 x size/4 x 1,
    `embedding` N x F (rectified means, then log strengths, scale by scale), the same however the cell is turned by 90
    degrees or flipped. Only the head has parameters: F + 1.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    centred = colour_centred(pixels)
    inside = _inside(pixels)
    weight = inside / (ops.mean(inside, axis=(1, 2), keepdims=True) + 1e-6)
    bank = cosines.bank(side)
    maps, strengths = [], []
    for scale in scales:
        seen = ops.average_pool(centred, scale) if scale > 1 else centred
        answer = ops.conv(seen, bank, strides=STEP // scale, padding="same")
        power = _mean_over(answer * answer, weight) + 1e-6
        even = answer / ops.sqrt(ops.mean(power, axis=-1))[:, None, None, None]
        maps += [
            ops.relu(side - threshold if threshold else side) for threshold in thresholds for side in (even, -even)
        ]
        strengths.append(ops.log(power))
    head = SharedHead(
        shared=cosines.shared(side, signed=True), shared_strength=cosines.shared(side, signed=False), name="head"
    )
    cam, embedding = head([*maps, *strengths, weight])
    cam = layers.Identity(dtype="float32", name="cam")(cam)
    embedding = layers.Identity(dtype="float32", name="embedding")(embedding)
    logit = layers.GlobalAveragePooling2D(dtype="float32", name="logit")(cam)
    return keras.Model(pixels, {"logit": logit, "cam": cam, "embedding": embedding})


def _inside(pixels: Any) -> Any:
    """1 where a block of STEP x STEP pixels and its neighbours are all cell: the edge of a cell is no texture."""
    outside = ops.cast(ops.average_pool(cell_of(pixels), STEP) < 0.999, "float32")
    return 1.0 - ops.max_pool(outside, 3, strides=1, padding="same")


def _mean_over(maps: Any, weight: Any) -> Any:
    """N x h x w x C, weighted by N x h x w x 1 whose mean is 1 -> N x C; one matrix product."""
    _, height, width, channels = maps.shape
    flat = ops.reshape(maps, (-1, height * width, channels))
    turned = ops.reshape(weight, (-1, 1, height * width)) / (height * width)
    return ops.reshape(ops.matmul(turned, flat), (-1, channels))


class SharedHead(layers.Layer):
    """A linear head on weighted means of maps and on strengths, with one weight for all that a turn exchanges."""

    def __init__(self, *, shared: Any, shared_strength: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._sides = (shared[: len(shared) // 2], shared[len(shared) // 2 :])
        self._shared_strength = shared_strength

    def build(self, shapes: Any) -> None:
        pairs = sum(len(shape) == 4 for shape in shapes[:-1]) // 2
        strengths = len(shapes) - 1 - 2 * pairs
        features = pairs * self._sides[0].shape[1] + strengths * self._shared_strength.shape[1]
        self.kernel = self.add_weight(shape=(features,), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, told: Any) -> Any:
        """(cam N x h x w x 1, embedding N x F) from maps N x h x w x K, strengths N x K and last the weight.

        Maps come in pairs: the positive side of the responses beyond a threshold, then the negative one. What strengths
        say is said of the whole cell alike, and of nothing outside it.
        """
        *inputs, weight = told
        maps = [one for one in inputs if len(one.shape) == 4]
        pairs = list(zip(maps[::2], maps[1::2], strict=True))
        pooled = [sum(ops.matmul(_mean_over(map_, weight), side) for map_, side in self._of(pair)) for pair in pairs]
        pooled += [ops.matmul(one, self._shared_strength) for one in inputs[len(maps) :]]
        embedding = ops.concatenate(pooled, axis=-1)
        each = self._sides[0].shape[1]
        local = sum(
            ops.matmul(map_, ops.matmul(side, self.kernel[place * each : (place + 1) * each, None]))
            for place, pair in enumerate(pairs)
            for map_, side in self._of(pair)
        )
        start = len(pairs) * each
        everywhere = ops.matmul(embedding[:, start:], self.kernel[start:, None]) + self.bias
        return (local + everywhere[:, None, None, :]) * weight, embedding

    def _of(self, pair: tuple[Any, Any]) -> Any:
        return zip(pair, self._sides, strict=True)


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
