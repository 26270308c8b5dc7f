"""A large image has its turn until it is stored, and neither turn nor pixels when it waits to be recorded."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.accounts.rules import Role
from app.db import Database
from app.screening.actions import Submission, screen_cell
from app.screening.instrument import Instrument
from app.storage import ImageStore, StagedImage
from app.vision.classifier import Score
from app.vision.decode import LARGE_PIXELS, Pixels
from app.vision.drawn import Look, draw, png
from tests.factories import make_user
from tests.fakes import FakeClassifier
from tests.turns import is_the_turn_free


def large_cell() -> bytes:
    pixels = np.pad(draw(1, Look.BLAST), ((300, 300), (300, 300), (0, 0)))
    assert pixels.shape[0] * pixels.shape[1] > LARGE_PIXELS
    return png(pixels, look=Look.BLAST)


class Told:
    """Whether the turn was free, and whether the pixels were in memory, at each step of a screening."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[bool, bool]] = {}
        self.pixels: weakref.ref[Pixels] | None = None

    def note(self, step: str) -> None:
        there = self.pixels is not None and self.pixels() is not None
        self.steps[step] = is_the_turn_free(), there


def test_a_large_image_ends_its_turn_and_leaves_memory_before_the_database_is_asked(
    database: Database, tmp_path: Path
) -> None:
    told = Told()

    class Scoring(FakeClassifier):
        def score(self, pixels: Pixels) -> Score:
            told.pixels = weakref.ref(pixels)
            told.note("scored")
            return super().score(pixels)

    class Storing(ImageStore):
        @contextmanager
        def staged(self, pixels: NDArray[np.uint8]) -> Iterator[StagedImage]:
            told.note("stored")
            with super().staged(pixels) as image:
                del pixels
                yield image

    def lot() -> float:
        told.note("recorded")
        return 1.0

    instrument = Instrument(Scoring(), Storing(tmp_path / "images"), lot=lot)
    actor = make_user(database, "ursula", Role.UPLOADER)

    with database.writing() as session:
        screen_cell(session, actor, instrument=instrument, submission=Submission(large_cell()))

    assert told.steps == {"scored": (False, True), "stored": (False, True), "recorded": (True, False)}
