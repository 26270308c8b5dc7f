"""How far apart cells are by the network's embedding: root mean square over its D numbers, each in deviations of the
training cells. That is Mahalanobis' distance with a diagonal covariance, by the square root of D smaller."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from app.vision.bundle import CLASSES, Card, Distance

Vector = NDArray[np.float32]


def distances(
    embeddings: NDArray[np.float32], *, means: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """N x D embeddings -> N x C distances, from each of C x D means."""
    return _root_mean_square((embeddings[:, None, :] - means[None]) / deviation)


def to_classes(embedding: Vector, *, told: Distance) -> Mapping[str, float]:
    """From the mean of the training cells of each class, as the card tells of them; by the names of CLASSES."""
    means = np.array([told.hem_mean, told.all_mean])
    of_both = distances(embedding[None], means=means, deviation=np.array(told.deviation))[0]
    return dict(zip(CLASSES, of_both.tolist(), strict=True))


def between(one: Vector, other: Vector, *, card: Card) -> float:
    """Of two cells. Every number counts alike where the card says no deviation."""
    deviation = np.array(card.distance.deviation) if card.distance else np.ones(len(one))
    return float(_root_mean_square((one.astype(np.float64) - other) / deviation))


def _root_mean_square(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    found: NDArray[np.float64] = np.sqrt((away * away).mean(axis=-1))
    return found
