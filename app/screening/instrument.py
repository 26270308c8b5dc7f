"""What a screening is done with, and what it makes of an image before the database is touched."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from app.audit.digest import digest
from app.screening.rules import Thresholds
from app.storage import ImageStore, StagedImage
from app.vision.bundle import Card
from app.vision.classifier import Classifier, Score
from app.vision.compression import was_compressed
from app.vision.decode import Limits, Picture, opened
from app.vision.quality import Unusable, is_unusual, judge, measure
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
    """What vision made of an image, before the database is touched.

    `lossy`: its file was compressed with loss, or its pixels bear the trace of that."""

    lossy: bool
    score: Score | None
    unusable: Unusable | None


def thresholds_of(card: Card) -> Thresholds:
    return Thresholds(card.thresholds.not_suspected_below, card.thresholds.suspected_from, card.prior_all)


def look_at(classifier: Classifier, picture: Picture) -> Seen:
    """pixels -> gate -> score, and whether that may clear the cell"""
    limits, measured = classifier.card.gate, measure(picture.pixels)
    if unusable := judge(measured, limits=limits):
        return Seen(picture.lossy, None, unusable)
    score = classifier.score(picture.pixels)
    atypical = score.atypical or is_unusual(measured, limits=limits)
    return Seen(picture.lossy or was_compressed(picture.pixels), replace(score, atypical=atypical), None)


@contextmanager
def seen_and_staged(instrument: Instrument, received: bytes) -> Iterator[tuple[Seen, StagedImage]]:
    """bytes -> pixels -> gate -> score, with the pixels on disk. When the block begins, which may wait for the
    database, they are out of memory and the next large image has its turn. Raises a Rejected or NotWritten."""
    with ExitStack() as staged:
        with opened(received, limits=instrument.limits) as picture:
            seen = look_at(instrument.classifier, picture)
            image = staged.enter_context(instrument.store.staged(picture.pixels))
        del picture
        yield seen, image
