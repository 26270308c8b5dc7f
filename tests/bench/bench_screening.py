"""How much the road costs: each figure is a ratio against a named peer that runs in the same process, right beside it.

make bench
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
from PIL import Image

from app.accounts.rules import Role
from app.db import Database
from app.schema import migrate
from app.screening.actions import Submission, screen_cell
from app.screening.instrument import Instrument, look_at
from app.settings import Settings
from app.storage import ImageStore
from app.vision.classifier import Classifier, OnnxClassifier
from app.vision.decode import Limits, decode, opened
from app.vision.drawn import Look, draw, png
from app.vision.preprocess import crop
from app.vision.quality import gate
from tests.bench.timed import compare, milliseconds
from tests.factories import cell, make_user


def _look(classifier: Classifier, file: bytes) -> None:
    with opened(file, limits=Limits()) as picture:
        look_at(classifier, picture)


def bench_the_road_of_one_image() -> None:
    classifier = OnnxClassifier(Settings().bundle)
    pixels = draw(1, Look.BLAST)
    file = png(pixels, look=Look.BLAST)
    limits, card = Limits(), classifier.card
    square = crop(pixels, size=card.preprocessing.size)[None]
    session, feed = classifier._session, {classifier._input: square}

    bare = milliseconds(lambda: session.run(["logit"], feed))
    pillow = milliseconds(lambda: np.asarray(Image.open(BytesIO(file)).convert("RGB")))

    print()
    compare("decode", milliseconds(lambda: decode(file, limits=limits)), "Pillow alone", pillow)
    compare("gate", milliseconds(lambda: gate(pixels, limits=card.gate)), "ONNX Runtime alone", bare)
    compare("pixels to score", milliseconds(lambda: classifier.score(pixels)), "ONNX Runtime alone", bare)
    both = bare + pillow
    compare("file to score", milliseconds(lambda: _look(classifier, file)), "both", both)


def bench_screenings_with_their_record(tmp_path) -> None:
    """Peer: the same rows' worth of work without record, image store or ledger, i.e. vision alone."""
    database = Database(f"sqlite:///{tmp_path / 'bench.db'}")
    migrate(database)
    instrument = Instrument(OnnxClassifier(Settings().bundle), ImageStore(tmp_path / "images"))
    actor = make_user(database, "ursula", Role.UPLOADER)
    images = [cell(seed) for seed in range(40)]

    def record(image: bytes) -> None:
        with database.writing() as session:
            screen_cell(session, actor, instrument=instrument, submission=Submission(image))

    def only_look(image: bytes) -> None:
        _look(instrument.classifier, image)

    def forty(act: Callable[[bytes], None]) -> float:
        with ThreadPoolExecutor(8) as pool:
            began = time.perf_counter()
            list(pool.map(act, images))
            return 1000 * (time.perf_counter() - began) / len(images)

    vision = forty(only_look)
    print()
    compare("one of forty screenings at once, on SQLite", forty(record), "vision alone", vision)
    database.dispose()
