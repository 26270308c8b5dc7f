"""How a training crop is varied: one affine warp at most, a look-up table for colour, a disturbed outline, noise.

NumPy and Pillow only, so that it runs in loader threads beside any Keras backend.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.recipe import Augment

Pixels = NDArray[np.uint8]

CELL, ERODED, OPENED = 1, 2, 4
"""Bits of an outline map: the pixel is in the cell, in the cell eroded by 4 px, in the cell opened."""

_GREY = np.linspace(0.0, 1.0, 256)
_NOISE_BANK = 1 << 21


@dataclass(frozen=True)
class Varier:
    """Draws one variation after another; `noise` is a bank of standard normal numbers shared by all cells."""

    augment: Augment
    size: int
    noise: NDArray[np.float32]

    def vary(self, stored: Pixels, outline: Pixels, *, rng: np.random.Generator) -> Pixels:
        """One variation, uint8 size x size x 3, of a stored crop (uint8 S x S x 3, S >= size) and its outline map."""
        kept = stored * (outline & _outline_bit(self.augment, rng) != 0)[..., None]
        if rng.random() < self.augment.unwarped_share:
            square = turned(middle(kept, size=self.size), turns=int(rng.integers(4)), flip=bool(rng.integers(2)))
        else:
            square = _warped(kept, size=self.size, augment=self.augment, rng=rng)
        coloured = _recoloured(square, augment=self.augment, rng=rng)
        if rng.random() >= self.augment.noise_share:
            return coloured
        return self._noisy(coloured, rng)

    def _noisy(self, square: Pixels, rng: np.random.Generator) -> Pixels:
        start = int(rng.integers(self.noise.size - square.size))
        level = np.float32(rng.uniform(0.0, self.augment.noise_sigma))
        noise = self.noise[start : start + square.size].reshape(square.shape)
        noisy = np.clip(square + level * noise, 1, 255).astype(np.uint8)
        noisy *= square.max(axis=2, keepdims=True) > 0
        return noisy


def varier(augment: Augment, *, size: int) -> Varier:
    """A Varier with the bank of noise."""
    return Varier(augment=augment, size=size, noise=_noise_bank())


@cache
def _noise_bank() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(_NOISE_BANK, dtype=np.float32)


def middle(stored: Pixels, *, size: int) -> Pixels:
    """The central size x size of a stored crop: what `app.vision.preprocess.crop` gives at that size."""
    edge = (stored.shape[0] - size) // 2
    return stored[edge : edge + size, edge : edge + size]


def turned(square: Pixels, *, turns: int, flip: bool) -> Pixels:
    """Quarter turns and a flip: moves pixels, changes none."""
    rotated = np.rot90(square, turns)
    return np.ascontiguousarray(rotated[:, ::-1] if flip else rotated)


def tinted(square: Pixels, *, sigma: float, rng: np.random.Generator) -> Pixels:
    """The same pixels, each channel by a gain of its own, e to the power of a normal number of this deviation."""
    return _recoloured(square, augment=Augment(gamma_sigma=0.0, channel_sigma=sigma), rng=rng)


def _outline_bit(augment: Augment, rng: np.random.Generator) -> int:
    draw = rng.random()
    if draw < augment.eroded_share:
        return ERODED
    return OPENED if draw < augment.eroded_share + augment.opened_share else CELL


def _warped(stored: Pixels, *, size: int, augment: Augment, rng: np.random.Generator) -> Pixels:
    """Rotation, flip, scale and shift in one bilinear warp."""
    angle = rng.uniform(0.0, 2.0 * math.pi)
    shrink = math.exp(-rng.uniform(-augment.scale_log, augment.scale_log))
    flip = -1.0 if rng.integers(2) else 1.0
    a, b = math.cos(angle) * shrink, -math.sin(angle) * shrink
    d, e = math.sin(angle) * shrink * flip, math.cos(angle) * shrink * flip
    shift_x, shift_y = rng.uniform(-augment.shift_px, augment.shift_px, 2)
    middle_out, middle_in = size / 2.0, stored.shape[0] / 2.0
    c = middle_in - a * (middle_out + shift_x) - b * (middle_out + shift_y)
    f = middle_in - d * (middle_out + shift_x) - e * (middle_out + shift_y)
    picture = Image.fromarray(stored)
    warped = picture.transform((size, size), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BILINEAR)
    return np.asarray(warped)


def _recoloured(square: Pixels, *, augment: Augment, rng: np.random.Generator) -> Pixels:
    """One gamma, one gain for each channel and one for all; 0 stays 0, so the background stays background."""
    gamma = math.exp(rng.normal(0.0, augment.gamma_sigma))
    gains = np.exp(rng.normal(0.0, augment.channel_sigma, 3))
    if augment.brightness:
        gains *= 1.0 + rng.uniform(-augment.brightness, augment.brightness)
    elif augment.gamma_sigma == augment.channel_sigma == 0.0:
        return square
    curve = 255.0 * _GREY**gamma
    table = np.clip(np.rint(gains[:, None] * curve), 1, 255).astype(np.uint8)
    table[:, 0] = 0
    return np.asarray(Image.fromarray(square).point(table.ravel().tolist()))
