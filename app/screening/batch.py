"""Many images, one after another, each in a transaction of its own: one bad image fails nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app.actor import Actor
from app.db import Database
from app.errors import BlastscreenError, Conflict, Invalid, NotFound, Unavailable
from app.screening import actions
from app.screening.actions import Screened, Submission
from app.screening.archives import Found
from app.screening.instrument import Instrument

IsHidden = Callable[[Session, Screened], bool]
"""Asked within the transaction of each screening: whether its score is kept from who sent it."""


@dataclass(frozen=True)
class ImageResult:
    """What became of one image: its screening, or the error that says why there is none. It holds nothing of the
    image's bytes: an upload may have hundreds of results. `file`: which of the upload's files it came in, with `done`
    of it looked at."""

    name: str
    file: int
    done: float
    screened: Screened | None = None
    hidden: bool = False
    error: BlastscreenError | None = None

    @property
    def trouble(self) -> BlastscreenError | None:
        """What no other image of the same batch will fare better with."""
        return self.error if isinstance(self.error, Conflict | NotFound | Unavailable) else None


def screen_all(
    database: Database,
    actor: Actor,
    *,
    images: Iterator[Found],
    accession: str | None,
    subject: str | None,
    case_id: UUID,
    instrument: Instrument,
    is_hidden: IsHidden,
) -> Iterator[ImageResult]:
    """Without an accession they share the case of that id. Once the case is refused or nothing can be stored, no more
    is looked at."""
    trouble: BlastscreenError | None = None
    for found in images:
        about = partial(ImageResult, found.name, found.file, found.number / found.of)
        try:
            if trouble is not None:
                raise trouble
            submission = Submission(found.image(), accession=accession, subject=subject, case_id=case_id)
            with database.writing() as session:
                done = actions.screen_cell(session, actor, instrument=instrument, submission=submission)
                result = about(screened=done, hidden=is_hidden(session, done))
        except (Invalid, Conflict, NotFound, Unavailable) as error:
            result = about(error=_alone(error))
            trouble = trouble or result.trouble
        yield result


def _alone(error: BlastscreenError) -> BlastscreenError:
    """Without its traceback and what led to it: their frames hold the image."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
