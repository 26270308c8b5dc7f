"""Our networks, at native scale, whose class activation map is exact: the mean of `cam` is `logit` by construction."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from training.networks import cosines
from training.networks.arithmetic import centred_and_cell, colour_centred

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
    thresholds: tuple[float, ...] = (1.3, 2.6),
    sized: bool = False,
    modifiers: int = 0,
) -> keras.Model:
    """Fixed cosine filters, rectified, averaged over the inside of the cell, under one linear head.

    The filters are `cosines.waves` of `side` and `finest`. At each scale, a multiple of the one before, the pixels are
    averaged over scale x scale, windows that reach beyond cell or crop are left out, and the responses held against
    their mean loudness in this cell: so many times it are the thresholds. It looks at every fourth pixel, or at every
    so many as `steps` say for each scale. `sized`, the head also reads how much of the picture the cell covers; with
    `modifiers` its weights vary with the condition of the picture. Input N x size x size x 3 in 0-255. Outputs: `logit`
    N x 1 (of ALL), `cam` N x size/4 x size/4 x 1, `embedding` N x F, the same however the cell is turned by 90 degrees
    or flipped but for where the places of looking fall. Only the head has parameters.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    centred, cell = centred_and_cell(pixels, colours=cosines.colours())
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
        thresholds=thresholds,
        sized=sized,
        modifiers=modifiers,
        name="head",
    )
    return _answering(pixels, head([*weights, *answers, *([1.0 - outside] if sized else [])]))


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


class TextureHead(layers.Layer):
    """A linear head on what waves answer on the mean over a cell, with one weight for all that a turn exchanges.

    Of each scale it reads the answers themselves (of waves whose sign no turn changes), how loud they are, how far that
    goes beyond each threshold, all in units of the mean loudness, and the logarithm of the loudness. `sized`, it reads
    last the share of places that lie in the cell.

    With `modifiers` its weights vary from picture to picture: by so many numbers between -1 and 1, each a hyperbolic
    tangent of how loud the waves of colour are, which tells focus and stain (`training.varying`), at those scales where
    it looks most closely.
    """

    def __init__(
        self, *, signed: Any, loud: Any, thresholds: tuple[float, ...], sized: bool, modifiers: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._sized, self.modifiers = sized, modifiers
        self._shares = (signed, *[loud] * (1 + len(thresholds)))
        self._loud, self._thresholds = loud, thresholds
        self._grey = loud.shape[1] // len(cosines.COLOURS)  # so many waves, the first ones, are of brightness

    def build(self, shapes: Any) -> None:
        scales, waves = (len(shapes) - self._sized) // 2, self._loud.shape[1]
        self.parts = (sum(share.shape[1] for share in self._shares) + waves,) * scales
        self._close = [shape[1:3] for shape in shapes[:scales]].count(shapes[0][1:3])
        self.kernel = self._zeros("kernel", sum(self.parts) + self._sized)
        self.bias = self._zeros("bias", scales)
        if self.modifiers:
            self.directions = self._zeros("directions", len(self.loudness_at), self.modifiers)
            self.offsets = self._zeros("offsets", self.modifiers)
            self.varying_kernel = self._zeros("varying_kernel", self.modifiers, sum(self.parts) + self._sized)
            self.varying_bias = self._zeros("varying_bias", self.modifiers, scales)

    def _zeros(self, name: str, *shape: int) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", name=name)

    @property
    def loudness_at(self) -> list[int]:
        """Where an embedding has the logarithms of loudness that modifiers are of."""
        ends = np.cumsum(self.parts)[: self._close]
        return [end - back for end in ends for back in range(self._loud.shape[1] - self._grey, 0, -1)]

    def call(self, told: Any) -> Any:
        """(logit N x 1, cam N x h x w x 1, embedding N x F) from the weights of the places, N x h x w x 1 with a sum
        of 1, of each scale, then the answers N x h x w x K of each, and where it is `sized`, 1 in the cell and else 0.

        The mean of `cam` is `logit`. What is said of a whole cell, the log loudness and a scale's bias, is said of each
        place with a weight at that scale alike. A scale may have half the first one's places along either side, or a
        quarter; so many of the map's places are told the same.
        """
        scales = len(told) // 2
        weights, answers, covered = told[:scales], told[scales : 2 * scales], told[2 * scales :]
        grids = [answer.shape[1:3] for answer in answers]
        shares = [ops.reshape(one, (-1, 1, math.prod(grid))) for one, grid in zip(weights, grids, strict=True)]
        heard = [
            self._heard(ops.reshape(answer, (-1, share.shape[2], answer.shape[3])), share)
            for answer, share in zip(answers, shares, strict=True)
        ]
        embedding = ops.concatenate(
            [*(part for one in heard for part in one.parts), *(ops.mean(one, axis=(1, 2)) for one in covered)], axis=-1
        )
        kernel, bias = self._weights([one.parts[-1] for one in heard[: self._close]])
        logit = ops.matmul(embedding[:, None], kernel)[:, 0] + ops.sum(bias, axis=-1, keepdims=True)
        *kernels, of_size = ops.split(kernel, np.cumsum(self.parts).tolist(), axis=1)
        cam = sum(of_size[..., None] * one for one in covered)
        for scale, (one, of_scale, share, grid) in enumerate(zip(heard, kernels, shares, grids, strict=True)):
            places = share.shape[2]
            said = ops.reshape(self._said(one, of_scale) + bias[:, scale, None, None], (-1, 1, places)) * share
            cam += _spread(ops.reshape(places * said, (-1, *grid, 1)), over=grids[0])
        return logit, cam, embedding

    def _weights(self, loudness: Sequence[Any]) -> tuple[Any, Any]:
        """Kernel (N or 1) x F x 1 and bias (N or 1) x scales for pictures in which the waves are so loud."""
        kernel, bias = self.kernel[None], self.bias[None]
        if self.modifiers:
            of_colour = ops.concatenate([one[:, self._grey :] for one in loudness], axis=-1)
            told = ops.tanh(ops.matmul(of_colour, self.directions) + self.offsets)
            kernel += ops.matmul(told, self.varying_kernel)
            bias += ops.matmul(told, self.varying_bias)
        return kernel[..., None], bias

    def _heard(self, answer: Any, share: Any) -> "_Heard":
        """What one scale answers, and its part of the embedding.

        Made for ONNX Runtime: what goes beyond a limit is all less what stays below it, which is one pass over the
        answers instead of two, and a product with a vector is quick only where no factor can be fused into it.
        """
        loud = ops.abs(answer)
        heard = ops.matmul(share, loud)
        loudness = ops.maximum(heard, 1e-6)
        unit = ops.mean(loudness, axis=-1, keepdims=True)
        below = [ops.minimum(loud, unit * threshold) for threshold in self._thresholds]
        means = [ops.matmul(share, answer), loudness, *(heard - ops.matmul(share, one) for one in below)]
        parts = [ops.matmul(one / unit, shared[None]) for one, shared in zip(means, self._shares, strict=True)]
        parts.append(ops.matmul(ops.log(loudness), self._loud[None]))
        return _Heard(answer, loud, below, unit, [part[:, 0] for part in parts])

    def _said(self, heard: "_Heard", kernel: Any) -> Any:
        """What `kernel`, (N or 1) x F x 1, says of what one scale has heard at each place: N x places x 1."""
        widths = [part.shape[-1] for part in heard.parts]
        *each, whole = ops.split(kernel, np.cumsum(widths[:-1]).tolist(), axis=1)
        signed, *louder = [ops.matmul(shared[None], one) for shared, one in zip(self._shares, each, strict=True)]
        local = ops.matmul(heard.answer, signed) + ops.matmul(heard.loud, sum(louder))
        local -= sum(ops.matmul(one, weight) for one, weight in zip(heard.below, louder[1:], strict=True))
        return local / heard.unit + ops.matmul(heard.parts[-1][:, None], whole)


def _spread(told: Any, *, over: tuple[int, int]) -> Any:
    """N x h x w x 1 told again for every place of a grid that is as fine or a multiple finer."""
    for axis, places in enumerate(over, start=1):
        if places > told.shape[axis]:
            told = ops.repeat(told, places // told.shape[axis], axis=axis)
    return told


class _Heard(NamedTuple):
    """What waves of one scale answer at N x places x K, how loud that is, what of that stays below each threshold, the
    mean loudness N x 1 x 1, and the parts of the embedding, N x their width each, that of the log loudness last.
    """

    answer: Any
    loud: Any
    below: list[Any]
    unit: Any
    parts: list[Any]


def staged(*, size: int, widths: tuple[int, ...] = (24, 48, 96), stem: int = 16, momentum: float = 0.9) -> keras.Model:
    """ResNet with one basic block a stage, read after every stage on the mean over the cell, by one linear head.

    Its stages look at every fourth pixel, every eighth and so on. It is made to learn without labels
    (`training.patches`). Input N x size x size x 3 in 0-255. Outputs: `logit` N x 1 (of ALL), `cam` N x size/4 x size/4
    x 1, `embedding` N x F, the means of all stages and last the share of the picture that the cell covers.
    """
    pixels = keras.Input((size, size, 3), dtype="float32", name="pixels")
    norm = partial(layers.BatchNormalization, momentum=momentum)
    centred, cell = centred_and_cell(pixels)
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


class StagedHead(layers.Layer):
    """A linear head on what each stage answers on the mean over a cell, and on how much of the picture that covers."""

    def build(self, shapes: Any) -> None:
        self.parts = tuple(shape[-1] for shape in shapes[len(shapes) // 2 : -1])
        self.kernel = self.add_weight(shape=(sum(self.parts) + 1,), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(len(self.parts),), initializer="zeros", name="bias")

    def call(self, told: Any) -> Any:
        """(logit N x 1, cam N x h x w x 1, embedding N x F) from the weights of the places, N x h x w x 1 with a sum
        of 1, of each stage, then the answers N x h x w x C of each, and 1 in the cell and else 0 at the first's places.

        Each stage has half the first one's places along either side, a quarter and so on. The mean of `cam` is `logit`.
        """
        *told, covered = told
        stages = len(told) // 2
        *kernels, of_size = ops.split(self.kernel[:, None], np.cumsum(self.parts).tolist())
        embedding, cam = [], of_size * covered
        for stage, (weight, answer, kernel) in enumerate(zip(told[:stages], told[stages:], kernels, strict=True)):
            places = answer.shape[1] * answer.shape[2]
            share, each = ops.reshape(weight, (-1, 1, places)), ops.reshape(answer, (-1, places, answer.shape[3]))
            embedding.append(ops.matmul(share, each)[:, 0])
            local = ops.reshape(ops.matmul(each, kernel[None]) + self.bias[stage], (-1, *answer.shape[1:3], 1)) * weight
            cam += places * _spread(local, over=covered.shape[1:3])
        embedding = ops.concatenate([*embedding, ops.mean(covered, axis=(1, 2))], axis=-1)
        return ops.matmul(embedding, self.kernel[:, None]) + ops.sum(self.bias), cam, embedding


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
