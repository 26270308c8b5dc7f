"""What a screening is done with, and what it makes of an image before the database is touched."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.audit.digest import digest
from app.screening.rules import Thresholds
from app.storage import ImageStore
from app.vision.bundle import Card
from app.vision.classifier import Classifier, Score
from app.vision.decode import Limits, read_picture
from app.vision.quality import Unusable, gate
from app.vision.references import ReferenceCells


def _lot() -> float:
    return secrets.randbelow(10**9) / 10**9


@dataclass(frozen=True)
class Instrument:
    """What a screening is done with: the model, the image store, the limits and the lots it draws.

    `references`: the laboratory's own cells to compare with, where it provides any.
    """

    classifier: Classifier
    store: ImageStore
    limits: Limits = field(default_factory=Limits)
    lot: Callable[[], float] = _lot
    references: ReferenceCells | None = None

    @cached_property
    def card_sha256(self) -> str:
        """Once, and not while a writer waits: cards are long."""
        return digest(self.classifier.card.raw)


@dataclass(frozen=True)
class Seen:
    """What vision made of an image, before the database is touched. `lossy`: its file was compressed with loss."""

    pixels: NDArray[np.uint8]
    lossy: bool
    score: Score | None
    unusable: Unusable | None


def thresholds_of(card: Card) -> Thresholds:
    return Thresholds(card.thresholds.not_suspected_below, card.thresholds.suspected_from, card.prior_all)


def look_at(classifier: Classifier, received: bytes, *, limits: Limits) -> Seen:
    """bytes -> pixels -> gate -> score; raises a Rejected for bytes that are no usable image file."""
    picture = read_picture(received, limits=limits)
    unusable = gate(picture.pixels, limits=classifier.card.gate)
    score = None if unusable else classifier.score(picture.pixels)
    return Seen(picture.pixels, picture.lossy, score, unusable)
