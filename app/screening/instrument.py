"""What a screening is done with, and what it makes of an image before the database is touched."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from app.audit.digest import digest
from app.screening.rules import FRAME_SIDE, ReviewReason, Thresholds
from app.storage import ImageStore, StagedImage
from app.vision.bundle import Card
from app.vision.classifier import Classifier, Score
from app.vision.compression import was_compressed
from app.vision.decode import Limits, Picture, Pixels, opened
from app.vision.quality import Unusable, Unusual, judge, measure, unusual
from app.vision.references import ReferenceCells
from app.vision.resampling import was_resampled

_WHAT_IS_UNUSUAL = {
    Unusual.STAIN: ReviewReason.UNUSUAL_STAIN,
    Unusual.OUTLINE: ReviewReason.STRAIGHT_OUTLINE,
    Unusual.DETAIL: ReviewReason.UNUSUAL_DETAIL,
}


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

    `odd`: why a human is to look at it, whatever its score; of an unusable one, only that its file was lossy."""

    odd: frozenset[ReviewReason]
    score: Score | None
    unusable: Unusable | None


def thresholds_of(card: Card) -> Thresholds:
    return Thresholds(card.thresholds.not_suspected_below, card.thresholds.suspected_from, card.prior_all)


def look_at(classifier: Classifier, picture: Picture) -> Seen:
    """pixels -> gate -> score, and what else is to be known of the cell"""
    limits, measured = classifier.card.gate, measure(picture.pixels)
    odd = {ReviewReason.LOSSY_IMAGE} if picture.lossy else set()
    if unusable := judge(measured, limits=limits):
        return Seen(frozenset(odd), None, unusable)
    score = classifier.score(picture.pixels)
    if score.atypical:
        odd.add(ReviewReason.ATYPICAL)
    if picture.pixels.shape[:2] != (FRAME_SIDE, FRAME_SIDE):
        odd.add(ReviewReason.UNUSUAL_FRAME)
    odd |= {_WHAT_IS_UNUSUAL[one] for one in unusual(measured, limits=limits)}
    if not picture.lossy:
        odd |= _traces(picture.pixels)
    return Seen(frozenset(odd), score, None)


def _traces(pixels: Pixels) -> set[ReviewReason]:
    """What was done to pixels of a lossless file before. A strong compression may leave what scaling leaves, too, so
    that this is looked for where there is no trace of one."""
    if was_compressed(pixels):
        return {ReviewReason.LOSSY_PIXELS}
    return {ReviewReason.RESAMPLED_PIXELS} if was_resampled(pixels) else set()


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
