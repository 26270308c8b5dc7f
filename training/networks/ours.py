"""Our networks, at native scale, whose class activation map is exact: the mean of `cam` is `logit` by construction."""

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import keras
from keras import layers, ops

from training.networks import cosines
from training.networks.arithmetic import centred_and_cell, colour_centred
from training.networks.heads import StagedHead, TextureHead

Norm = Callable[[], layers.Layer]


def resnet(
    *,
    size: int,
    width: int = 32,
    blocks: tuple[int, ...] = (1, 1, 1, 1),
    dropout: float = 0.2,
    momentum: float = 0.98,
    centred: bool = True,
    groups: int = 0,
) -> keras.Model:
    """ResNet of basic blocks with a 7 x 7 stem of stride 4. Input N x size x size x 3 in 0-255.

    Outputs: `logit` N x 1 (of ALL), `cam` N x size/32 x size/32 x 1, `embedding` N x 8 width. ResNet-10 is one block a
    stage: 1.23 M parameters at width 32. Not `centred`, pixels are only divided by 255; `groups` of channels are
    normalised in each image by itself, 0 normalises over the batch.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    norm = (
        partial(layers.GroupNormalization, groups) if groups else partial(layers.BatchNormalization, momentum=momentum)
    )
    seen = colour_centred(pixels) if centred else pixels / 255.0
    features = _unit(seen, width, kernel=7, stride=4, norm=norm)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            features = _basic_block(features, width * 2**stage, stride=stride, norm=norm)
    embedding = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(features)
    kept = layers.SpatialDropout2D(dropout)(features)
    cam = layers.Conv2D(1, 1, dtype="float32", name="cam")(kept)
    logit = layers.GlobalAveragePooling2D(dtype="float32", name="logit")(cam)
    return keras.Model(pixels, {"logit": logit, "cam": cam, "embedding": embedding})


STEP = 4
"""Pixels between two places where the texture network looks, or where it looks most closely."""


def texture(
    *,
    size: int,
    side: int = 5,
    finest: int | None = None,
    scales: tuple[int, ...] = (1, 2, 4),
    steps: tuple[int, ...] = (),
    sized: bool = False,
    stain: bool = False,
    **reads: Any,
) -> keras.Model:
    """Fixed cosine filters, rectified, averaged over the inside of the cell, under one linear head.

    The filters are `cosines.waves` of `side` and `finest`. At each scale, a multiple of the one before, the pixels are
    averaged over scale x scale, windows that reach beyond cell or crop are left out, and the responses held against
    their mean loudness in this cell. It looks at every fourth pixel, or at every so many as `steps` say for each scale.
    `sized`, the head also reads how much of the picture the cell covers, with `stain` how red the cell is against
    green; what else it `reads` is told by `TextureHead`. Input N x size x size x 3 in 0-255. Outputs: `logit` N x 1 (of
    ALL), `cam` N x size/4 x size/4 x 1, `embedding` N x F, the same however the cell is turned by 90 degrees or flipped
    but for where the places of looking fall. Only the head has parameters.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    centred, cell, mean_colour = centred_and_cell(pixels, colours=cosines.colours())
    outside = 1.0 + ops.max_pool(-cell, STEP, strides=STEP)
    waves = cosines.waves(side, finest=finest)
    bank = cosines.bank(waves, side=side)
    answers, weights, seen = [], [], centred
    for (before, scale), step in zip(pairwise((1, *scales)), steps or (STEP,) * len(scales), strict=True):
        if scale > before:
            seen = ops.average_pool(seen, scale // before, strides=scale // before)
        answers.append(ops.depthwise_conv(seen, bank, strides=step // scale, padding="same"))
        weights.append(_weights(outside, reach=side * scale / 2, step=step))
    head = TextureHead(
        signed=cosines.shared(waves, signed=True),
        loud=cosines.shared(waves, signed=False),
        sized=sized,
        stain=stain,
        name="head",
        **reads,
    )
    beside = [*([_red_over_green(mean_colour)] if stain else []), *([1.0 - outside] if sized else [])]
    return _answering(pixels, head([*weights, *answers, *beside]))


def _red_over_green(mean_colour: Any) -> Any:
    """The logarithm of how red a cell is against green, N x 1, from the mean of `cosines.colours`, N x 3: what the gate
    measures of stain.
    """
    red, green, _ = ops.split(ops.maximum(ops.matmul(mean_colour, cosines.colours()), 0.0) + 1.0, 3, axis=-1)
    return ops.log(red / green)


def _answering(pixels: Any, told: Any) -> keras.Model:
    """The model of what a head tells of `pixels`: its logit, its map and what it read, by these names."""
    named = zip(("logit", "cam", "embedding"), told, strict=True)
    return keras.Model(pixels, {name: layers.Identity(dtype="float32", name=name)(one) for name, one in named})


def _weights(outside: Any, *, reach: float, step: int) -> Any:
    """Weights, whose sum is 1, of the blocks of step x step pixels that have nothing outside cell or crop within
    `reach` pixels: an edge is no texture. All 0 where there is no such block.

    `outside` is 1 where a block of STEP x STEP has something outside the cell, and else 0.
    """
    if step > STEP:
        outside = ops.max_pool(outside, step // STEP, strides=step // STEP)
    blocks = math.ceil(reach / step)
    around = ops.pad(outside, ((0, 0), (blocks, blocks), (blocks, blocks), (0, 0)), constant_values=1.0)
    inside = 1.0 - ops.max_pool(around, 2 * blocks + 1, strides=1, padding="valid")
    return inside / ops.maximum(ops.sum(inside, axis=(1, 2), keepdims=True), 1.0)


def staged(*, size: int, widths: tuple[int, ...] = (24, 48, 96), stem: int = 16, momentum: float = 0.9) -> keras.Model:
    """ResNet with one basic block a stage, read after every stage on the mean over the cell, by one linear head.

    Its stages look at every fourth pixel, every eighth and so on. It is made to learn without labels
    (`training.patches`). Input N x size x size x 3 in 0-255. Outputs: `logit` N x 1 (of ALL), `cam` N x size/4 x size/4
    x 1, `embedding` N x F, the means of all stages and last the share of the picture that the cell covers.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    norm = partial(layers.BatchNormalization, momentum=momentum)
    centred, cell, _ = centred_and_cell(pixels)
    features = _unit(centred, stem, kernel=4, stride=2, norm=norm)
    features = _unit(features, widths[0], kernel=3, stride=2, norm=norm)
    answers, inside = [], []
    for stage, width in enumerate(widths):
        features = _basic_block(features, width, stride=2 if stage else 1, norm=norm)
        answers.append(ops.cast(features, "float32"))
        step = STEP * 2**stage
        inside.append(ops.cast(ops.average_pool(cell, step, strides=step) > 0.5, "float32"))
    weights = [one / ops.maximum(ops.sum(one, axis=(1, 2), keepdims=True), 1.0) for one in inside]
    return _answering(pixels, StagedHead(dtype="float32", name="head")([*weights, *answers, inside[0]]))


def _unit(x: Any, filters: int, *, kernel: int, stride: int, norm: Norm, relu: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(
        x
    )
    x = norm()(x)
    return layers.ReLU()(x) if relu else x


def _basic_block(x: Any, filters: int, *, stride: int, norm: Norm) -> Any:
    y = _unit(x, filters, kernel=3, stride=stride, norm=norm)
    y = _unit(y, filters, kernel=3, stride=1, norm=norm, relu=False)
    if stride != 1 or x.shape[-1] != filters:
        x = _unit(x, filters, kernel=1, stride=stride, norm=norm, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))
