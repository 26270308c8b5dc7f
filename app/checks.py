"""What readiness asks of each part, and what `blastscreen doctor` asks of the records."""

from collections.abc import Callable, Mapping
from itertools import count

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import Database, cause_of
from app.review import queries as reviews
from app.screening import queries as screenings
from app.screening.instrument import Instrument
from app.storage import ImageNotFound, ImageStore, why
from app.vision.decode import Rejected, pixels_sha256
from app.vision.golden import GOLDEN_CELLS, golden_fault

Check = Callable[[], str | None]
"""None where all is well, else what is wrong, in a sentence without secrets."""
GOLDEN_AT_ONCE = 2


def readiness_checks(*, database: Database, instrument: Instrument) -> Mapping[str, Check]:
    turn = count()

    def model() -> str | None:
        """A few golden cells at a time, the next ones each time it is asked."""
        first = next(turn) * GOLDEN_AT_ONCE
        numbers = [(first + step) % GOLDEN_CELLS for step in range(GOLDEN_AT_ONCE)]
        return golden_fault(instrument.classifier, numbers=numbers)

    def store() -> str | None:
        try:
            instrument.store.check()
        except OSError as error:
            return f"the image store cannot be written ({why(error)})"
        return None

    return {"model": model, "database": lambda: database_fault(database), "image_store": store}


def database_fault(database: Database) -> str | None:
    try:
        database.check()
    except SQLAlchemyError as error:
        return f"the database cannot be written ({cause_of(error)})"
    return None


def record_faults(session: Session, *, store: ImageStore) -> list[str]:
    """Where the derived work list differs from the facts, and the image store from the records."""
    listed, due = reviews.flags_listed(session), reviews.flags_due(session)
    faults = [f"screening {one} waits for a read but is not on the work list" for one in sorted(due - listed)]
    faults += [f"screening {one} is on the work list but waits for nothing" for one in sorted(listed - due)]
    recorded = list(screenings.every_image(session))
    faults += [fault for one in recorded if (fault := _image_fault(store, one))]
    unknown = sorted(set(store.kept()) - set(recorded))
    faults += [
        f"image {one} is in the store, and no record has it: its upload broke off, or the database is older"
        for one in unknown
    ]
    return faults + [f"{path.name} was left behind by an interrupted upload" for path in store.left_behind()]


def _image_fault(store: ImageStore, content_sha256: str) -> str | None:
    try:
        with store.pixels(content_sha256) as pixels:
            found = pixels_sha256(pixels)
    except ImageNotFound:
        return f"image {content_sha256} is not in the store"
    except Rejected:
        return f"image {content_sha256} cannot be read"
    return None if found == content_sha256 else f"image {content_sha256} has other pixels than those that were stored"
