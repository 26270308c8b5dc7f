"""A head whose weights vary with the condition of the picture: a varying-coefficient model (Hastie, Tibshirani 1993).

What a wave's answer says of a cell depends on how the picture came out: where focus or stain hide what is fine, that it
is missing means nothing. So each weight of a head is a constant and so much more or less for each of a few *modifiers*.
These are numbers that tell how loud the waves of colour are, found without labels: directions in which cells differ
most against what a variation or a tint of the same cell moves. They are squashed to between -1 and 1, so that a picture
unlike all others meets no weights unlike all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import linalg

from training.discriminant import scatter
from training.scored import Floats

SLOPE = 0.5
"""Of the hyperbolic tangent at the middle, a modifier being in units of its own deviation."""
OWN_SHARE = 2.0
"""What differences between cells count in the scatter that directions are held against, variations counting 1: the
more, the nearer directions are to plain principal components.
"""
NO_VARIANCE = 1e-9
"""Loudness that varies no more than so varies by rounding."""


@dataclass(frozen=True)
class Varying:
    """How V of F features of cells are told again for every one of M modifiers."""

    loudness_at: Sequence[int]
    """Which L features are logarithms of loudness."""
    directions: Floats
    """L x M"""
    varies_at: Sequence[int]
    """Which V features have weights that vary."""
    offsets: Floats
    """M: the middle of the cells is at 0."""
    centre: Floats
    """V: the middle of the cells, where weights that vary say nothing."""

    @classmethod
    def learned(
        cls,
        plain: Floats,
        groups: Sequence[Sequence[Floats]],
        *,
        loudness_at: Sequence[int],
        weights: Floats,
        count: int,
        varies_at: Sequence[int],
    ) -> Self:
        """So many modifiers from N x F features of cells, whose weights' sum is 1, and of the same cells varied: of
        each group of variations its mean scatter counts.
        """
        centre = weights @ plain[:, varies_at]
        loud = plain[:, loudness_at]

        among = scatter(loud - weights @ loud, weights)
        moved = np.diag(OWN_SHARE * np.diag(among) + NO_VARIANCE)
        for group in groups:
            moved += sum(scatter(one[:, loudness_at] - loud, weights) for one in group) / len(group)
        _, axes = linalg.eigh(among, moved)
        directions = axes[:, ::-1][:, :count]
        deviations = np.sqrt(np.maximum(np.diag(directions.T @ among @ directions), NO_VARIANCE))
        directions = SLOPE * directions / deviations
        return cls(loudness_at, directions, varies_at, offsets=-(weights @ loud) @ directions, centre=centre)

    def modifiers(self, features: Floats) -> Floats:
        """N x M, between -1 and 1."""
        told: Floats = np.tanh(features[:, self.loudness_at] @ self.directions + self.offsets)
        return told

    def features(self, features: Floats) -> Floats:
        """N x (F + V M): features, and then for each modifier how far those that vary are from the centre, times it."""
        away = features[:, self.varies_at] - self.centre
        return np.concatenate([features, *(away * one[:, None] for one in self.modifiers(features).T)], axis=1)
