"""Linear heads on what a network answers on the mean over the cell, whose class activation map is exact: the mean of
`cam` is `logit` by construction.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import layers, ops
from scipy.linalg import block_diag

from training.networks import cosines

HEARD_BY_MODIFIERS = 3
"""So many scales, the finest ones: focus and stain are told there."""

LEAST_TOGETHER = 1e-3
"""Loudness of two colours that goes together less than so, against chance, does so by rounding."""


class TextureHead(layers.Layer):
    """A linear head on what waves answer on the mean over a cell, with one weight for all that a turn exchanges.

    Of each scale it reads the answers themselves (of waves whose sign no turn changes), how loud they are, how far that
    goes beyond each of the `thresholds`, all in units of the mean loudness, and the logarithm of the loudness. `sized`,
    it reads last the share of places that lie in the cell. With `coherence` it reads as well how far each wave answers
    alike in brightness and in red against blue: the mean of both answers' product against that of the product's size,
    from -1, where what is darker is always redder, to 1, where it is always bluer. Of so many finest scales as
    `together` says it reads how far each wave is loud in two colours at the same places: the logarithm of the mean
    product of both loudnesses against the product of their means, of every two colours. With `stain` it is told how red
    the cell is against green, for what the stain does to all else to be taken off.

    With `modifiers` its weights vary from picture to picture: by so many numbers between -1 and 1, each a hyperbolic
    tangent of how loud the waves of colour are, which tells focus and stain (`training.varying`).
    """

    def __init__(
        self,
        *,
        signed: Any,
        loud: Any,
        thresholds: tuple[float, ...] = (1.3, 2.6),
        sized: bool,
        stain: bool = False,
        coherence: bool = False,
        together: int = 0,
        modifiers: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._sized, self.stain, self._coherence, self.modifiers = sized, stain, coherence, modifiers
        self._thresholds, self._together = thresholds, together
        self._waves, first = (count // len(cosines.COLOURS) for count in loud.shape)  # of each colour
        of_one = loud[: self._waves, :first]
        self._alike = of_one @ (of_one > 0).T  # the mean over what a turn exchanges, told again for each of those
        self._loud = loud
        of_each = block_diag(signed, *[loud] * (1 + len(thresholds)))
        self._until_coherence = of_each.shape[1]
        both = [of_one] if coherence else []
        self._shared = block_diag(of_each, *both, loud)  # what is heard -> features
        self._coloured = loud.shape[1] - first  # so many features, the last ones, are of colour

    def build(self, shapes: Any) -> None:
        scales = (len(shapes) - self.stain - self._sized) // 2
        self.parts = (self._shared.shape[1],) * scales
        self._of_pairs = self._together * self._loud.shape[1]
        self.apart = self._of_pairs + self.stain  # so many features are said with the first part
        self._close = min(scales, HEARD_BY_MODIFIERS)
        self.kernel = self._zeros("kernel", sum(self.parts) + self.apart + self._sized)
        self.bias = self._zeros("bias", scales)
        if self.modifiers:
            self.directions = self._zeros("directions", len(self.loudness_at), self.modifiers)
            self.offsets = self._zeros("offsets", self.modifiers)
            self.varying_kernel = self._zeros("varying_kernel", self.modifiers, self.kernel.shape[0])
            self.varying_bias = self._zeros("varying_bias", self.modifiers, scales)

    def _zeros(self, name: str, *shape: int) -> Any:
        return self.add_weight(shape=shape, initializer="zeros", name=name)

    @property
    def loudness_at(self) -> list[int]:
        """Where an embedding has the logarithms of loudness that modifiers are of."""
        return [end - back for end in np.cumsum(self.parts)[: self._close] for back in range(self._coloured, 0, -1)]

    @property
    def varies_at(self) -> list[int]:
        """Where an embedding has what weights vary for: what is of one colour, and without `together` coherence too."""
        width = self.parts[0]
        coherent = range(self._until_coherence, width - self._loud.shape[1]) if self._together else ()
        return [at for at in range(sum(self.parts)) if at % width not in coherent]

    def call(self, told: Any) -> Any:
        """(logit N x 1, cam N x h x w x 1, embedding N x F) from the weights of the places, N x h x w x 1 with a sum
        of 1, of each scale, then the answers N x h x w x K of each, with `stain` that, N x 1, and where it is `sized`,
        1 in the cell and else 0.

        The mean of `cam` is `logit`. What is said of a whole cell, the log loudness and a scale's bias, is said of each
        place with a weight at that scale alike, and what two colours say together, and the stain, at the first scale's.
        A scale may have half the first one's places along either side, or a quarter; so many of the map's places are
        told the same.
        """
        scales = len(self.parts)
        weights, answers, beside = told[:scales], told[scales : 2 * scales], told[2 * scales :]
        stain, covered = beside[: self.stain], beside[self.stain :]
        heard = self._heard(weights, answers)
        features = ops.matmul(heard.means, self._shared[None])
        kernel, bias = self._weights(features)
        embedding = ops.reshape(features, (-1, sum(self.parts)))
        apart = [*heard.together, *stain]
        embedding = ops.concatenate([embedding, *apart, *(ops.mean(one, axis=(1, 2)) for one in covered)], axis=-1)
        logit = ops.sum(embedding * kernel, axis=-1, keepdims=True) + ops.sum(bias, axis=-1, keepdims=True)
        local = sum(self.parts)
        of_scales, of_others, of_size = ops.split(kernel, [local, local + self.apart], axis=-1)
        if apart:
            said_apart = ops.sum(ops.concatenate(apart, axis=-1) * of_others, axis=-1, keepdims=True)
            bias = bias + said_apart * np.eye(1, scales, dtype=np.float32)
        cam = sum(of_size[..., None, None] * one for one in covered)
        for said, answer in zip(self._said(heard, of_scales, bias), answers, strict=True):
            cam += _spread(ops.reshape(said, (-1, *answer.shape[1:3], 1)), over=answers[0].shape[1:3])
        return logit, cam, embedding

    def _weights(self, features: Any) -> tuple[Any, Any]:
        """Kernel (N or 1) x F and bias (N or 1) x scales for pictures of these features, N x scales x F/scales."""
        kernel, bias = self.kernel[None], self.bias[None]
        if self.modifiers:
            of_colour = ops.reshape(features[:, : self._close, -self._coloured :], (-1, len(self.loudness_at)))
            told = ops.tanh(ops.matmul(of_colour, self.directions) + self.offsets)
            kernel = kernel + ops.matmul(told, self.varying_kernel)  # not in place: under torch it is the weight itself
            bias = bias + ops.matmul(told, self.varying_bias)
        return kernel, bias

    def _heard(self, weights: Sequence[Any], answers: Sequence[Any]) -> "_Heard":
        """What the waves answer, and what of it the head reads.

        Made for ONNX Runtime: wave by wave, as its convolutions answer; all scales in one product where products are
        small; and what goes beyond a limit is all less what stays below it, one pass over the answers instead of two.
        """
        shares = [ops.reshape(one, (-1, 1, math.prod(one.shape[1:3]))) for one in weights]
        columns = [ops.reshape(one, (-1, one.shape[2], 1)) for one in shares]
        waves = [ops.transpose(one, (0, 3, 1, 2)) for one in answers]
        answers = [ops.reshape(one, (-1, one.shape[1], math.prod(one.shape[2:]))) for one in waves]

        def mean(of_scales: Sequence[Any]) -> Any:
            means = [ops.matmul(*pair) for pair in zip(of_scales, columns[: len(of_scales)], strict=True)]
            return ops.concatenate([ops.reshape(one, (-1, 1, one.shape[1])) for one in means], axis=1)

        loud = [ops.abs(one) for one in answers]
        all_of_it = mean(loud)
        loudness = ops.maximum(all_of_it, 1e-6)
        unit = ops.mean(loudness, axis=-1, keepdims=True)
        below = []
        for threshold in self._thresholds:
            limits = ops.split(unit * threshold, len(loud), axis=1)
            below.append([ops.minimum(*pair) for pair in zip(loud, limits, strict=True)])
        beyond = [all_of_it - mean(one) for one in below]
        means = [ops.concatenate([mean(answers), loudness, *beyond], axis=-1) / unit]
        passes = [answers, loud, *below]
        units = [unit] * len(passes)
        if self._coherence:
            both = [one[:, : self._waves] * one[:, self._waves : 2 * self._waves] for one in answers]
            both_unit = ops.maximum(ops.matmul(mean([ops.abs(one) for one in both]), self._alike[None]), 1e-6)
            passes.append(both)
            units.append(both_unit)
            means.append(mean(both) / both_unit)
        together = [self._heard_together(loud, loudness, mean)] if self._together else []
        return _Heard(shares, passes, units, ops.concatenate([*means, ops.log(loudness)], axis=-1), together)

    def _heard_together(self, loud: Sequence[Any], loudness: Any, mean: Callable[[Sequence[Any]], Any]) -> Any:
        """How far each wave is loud in two colours at the same places, each colour and the next."""

        def next_colour(of_waves: Any, axis: int) -> Any:
            return ops.roll(of_waves, -self._waves, axis=axis)

        close, means = loud[: self._together], loudness[:, : self._together]
        both = mean([one * next_colour(one, axis=1) for one in close])
        against_chance = ops.matmul(both / (means * next_colour(means, axis=2)), self._loud[None])
        return ops.reshape(ops.log(ops.maximum(against_chance, LEAST_TOGETHER)), (-1, self._of_pairs))

    def _said(self, heard: "_Heard", kernel: Any, bias: Any) -> list[Any]:
        """What kernel, (N or 1) x F, and bias, (N or 1) x scales, say at each place of each scale, N x 1 x places: its
        mean over all places is what they say of the scale.
        """
        scales, heights = len(heard.shares), [one[0].shape[1] for one in heard.passes]
        places = ops.convert_to_tensor([[float(share.shape[2])] for share in heard.shares], "float32")
        of_means = ops.matmul(ops.reshape(kernel, (-1, scales, self.parts[0])), self._shared.T[None])
        *local, of_loudness = ops.split(of_means, np.cumsum(heights).tolist(), axis=-1)
        logs = heard.means[..., -heights[0] :]
        whole = places * (ops.sum(of_loudness * logs, axis=-1, keepdims=True) + bias[..., None])
        signed, louder, *others = [one * (places / unit) for one, unit in zip(local, heard.units, strict=True)]
        beyond, coherent = others[: len(self._thresholds)], others[len(self._thresholds) :]
        local = [signed, louder + sum(beyond), *(-one for one in beyond), *coherent]
        by_scale = zip(*(ops.split(one, scales, axis=1) for one in (*local, whole)), strict=True)
        found = []
        for share, waves, (*kernels, of_all) in zip(
            heard.shares, zip(*heard.passes, strict=True), by_scale, strict=True
        ):
            said = sum(ops.matmul(weight, one) for weight, one in zip(kernels, waves, strict=True))
            found.append((said + of_all) * share)
        return found


class _Heard(NamedTuple):
    """What waves answer, of K waves at so many scales."""

    shares: list[Any]
    """Of each scale the weights of its places, N x 1 x places."""
    passes: list[list[Any]]
    """The answers of each scale, N x K x places; how loud they are; what of that stays below each threshold; and, where
    coherence is told, the answers of two colours multiplied, N x K/3 x places.
    """
    units: list[Any]
    """In what each of these is told: the mean loudness, N x scales x 1; products in how large they are on the mean,
    N x scales x K/3.
    """
    means: Any
    """N x scales x K (3 + thresholds), and K/3 more with coherence: answers, loudness and what goes beyond each
    threshold on the mean over the places, in units of the mean loudness, coherence, and the logarithm of the loudness.
    """
    together: list[Any]
    """N x F, how far two colours are loud at the same places; none where that is not told."""


class StagedHead(layers.Layer):
    """A linear head on what each stage answers on the mean over a cell, and on how much of the picture that covers."""

    apart = 0
    stain = False

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


def _spread(told: Any, *, over: tuple[int, int]) -> Any:
    """N x h x w x 1 told again for every place of a grid that is as fine or a multiple finer."""
    for axis, places in enumerate(over, start=1):
        if places > told.shape[axis]:
            told = ops.repeat(told, places // told.shape[axis], axis=axis)
    return told
