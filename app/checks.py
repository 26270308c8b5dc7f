"""What readiness asks of each part, and what `blastscreen doctor` asks of the records."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app import clock
from app.db import Database, cause_of
from app.review import queries as reviews
from app.screening import queries as screenings
from app.screening.instrument import Instrument
from app.storage import ImageDamaged, ImageNotFound, ImageStore, why
from app.vision.decode import pixels_sha256
from app.vision.golden import GOLDEN_CELLS, golden_fault

Check = Callable[[], str | None]
"""None where all is well, else what is wrong, in a sentence without secrets."""
GOLDEN_AT_ONCE = 2
AGAIN_AFTER = timedelta(seconds=3)
log = structlog.get_logger("blastscreen.health")


class Readiness:
    """What the checks find, for anybody who asks: they work and write to disk, so one round goes on at a time, and who
    asks meanwhile or soon after gets what that round found, without a thread."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks, self._turn = checks, asyncio.Lock()
        self._faults: Mapping[str, str] = {}
        self._checked_at: datetime | None = None

    async def faults(self) -> Mapping[str, str]:
        """What is wrong, by part."""
        async with self._turn:
            if not self._is_fresh():
                self._faults = await run_in_threadpool(self._check)
                self._checked_at = clock.now()
            return self._faults

    def _is_fresh(self) -> bool:
        """Not where the clock was set back."""
        return self._checked_at is not None and timedelta() <= clock.now() - self._checked_at < AGAIN_AFTER

    def _check(self) -> Mapping[str, str]:
        faults = {name: fault for name, check in self._checks.items() if (fault := check())}
        if faults:
            log.error("not ready", faults=faults)
        return faults


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
    except ImageDamaged:
        return f"image {content_sha256} cannot be read"
    except ImageNotFound:
        return f"image {content_sha256} is not in the store"
    return None if found == content_sha256 else f"image {content_sha256} has other pixels than those that were stored"
