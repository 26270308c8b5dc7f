"""A finding that makes a low score say nothing: over REST, on pages and in the queue. (Loss has its own file.)"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.accounts.rules import Role
from app.screening.rules import FRAME_SIDE, NEVER_CLEARED, ReviewReason
from app.screening.words import REASONS
from app.storage import as_png
from app.vision.decode import Pixels
from app.vision.drawn import Look, draw
from tests.factories import Service, set_policy, verify
from tests.fakes import FakeClassifier

CELL = draw(1, Look.HEALTHY)


def _png(pixels: Pixels) -> bytes:
    return as_png(Image.fromarray(pixels))


def cut_in_two() -> bytes:
    pixels = CELL.copy()
    rows = np.flatnonzero(pixels.max(axis=(1, 2)))
    pixels[: (rows[0] + rows[-1]) // 2] = 0
    return _png(pixels)


def redder() -> bytes:
    return _png(np.clip(CELL * np.array([1.25, 1, 1]), 0, 255).astype(np.uint8))


def in_another_frame() -> bytes:
    return _png(np.ascontiguousarray(CELL[20:-20, 20:-20]))


def scaled_and_framed_again() -> bytes:
    frame = Image.new("RGB", (FRAME_SIDE, FRAME_SIDE))
    frame.paste(Image.fromarray(CELL).resize((405, 405)), (22, 22))
    return as_png(frame)


@pytest.fixture
def low(classifier: FakeClassifier) -> FakeClassifier:
    """Clears whatever it may, by a card that says how an outline and a stain usually are."""
    gate = replace(classifier.card.gate, straight_usual=0.8, stain_distance_usual=4.0, stain_distance_max=40.0)
    classifier.card = replace(classifier.card, gate=gate)
    classifier.probability = 0.01
    return classifier


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (cut_in_two, ReviewReason.STRAIGHT_OUTLINE),
        (redder, ReviewReason.UNUSUAL_STAIN),
        (in_another_frame, ReviewReason.UNUSUAL_FRAME),
        (scaled_and_framed_again, ReviewReason.RESAMPLED_PIXELS),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_its_low_score_clears_nothing_and_everybody_is_told_why(
    service: Service, low: FakeClassifier, image: Callable[[], bytes], reason: ReviewReason
) -> None:
    set_policy(service.database, blind_first=False)
    lab, rea = service.lab(), service.signed_in("rea", Role.REVIEWER)
    ursula = service.signed_in("ursula", Role.UPLOADER)

    told = lab.screen(image()).json()
    page = ursula.upload(image()).text
    queue = rea.get("/review").text
    reading = rea.get(f"/review/{told['id']}").text

    assert (told["outcome"], told["band"], told["review_reasons"]) == ("screened", "uncertain", [reason.value])
    assert told["statement"].endswith(NEVER_CLEARED[reason])
    assert NEVER_CLEARED[reason] in page
    assert "a low one says nothing here" in page
    assert "Of 100 cells" not in page
    for shown in (page, queue, reading):
        assert REASONS[reason] in shown
    rea.submit("/review/filters", {"reason": reason.value}, at="/review")
    assert told["id"] in rea.page
    assert verify(service.database).intact


def test_a_high_score_counts_all_the_same(service: Service, low: FakeClassifier) -> None:
    low.probability = 0.99

    told = service.lab().screen(in_another_frame()).json()

    assert (told["band"], told["review_reasons"]) == ("suspected", ["unusual_frame"])
    assert told["needs_review"]


def test_a_whole_cell_of_the_usual_stain_and_size_is_cleared(service: Service, low: FakeClassifier) -> None:
    told = service.lab().screen(_png(CELL)).json()

    assert (told["band"], told["review_reasons"]) == ("not_suspected", [])
