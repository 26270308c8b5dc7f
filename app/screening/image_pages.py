"""Pictures of a screening: as it was received, small, as the model saw it, its heat map; and reference cells.

What a blind read must not see is refused here too, as on the page; the image itself is what is to be read.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.accounts.guards import ResultReader, Visit
from app.audit import ledger
from app.audit.events import Act, Event
from app.db import Database, DbSession, OurDatabase
from app.errors import Conflict
from app.review import queries as reviews
from app.screening import explanation
from app.screening.forms import OurInstrument
from app.screening.tables import ScreeningRow
from app.storage import small_png
from app.vision.references import ReferenceNotFound

router = APIRouter(include_in_schema=False)
THUMBNAIL_SIDES = {96, 192}
REFERENCE_SIDE = 192
KEPT_A_WHILE = {"cache-control": "private, max-age=600"}


class ForReading(Conflict):
    code = "for_reading"


@router.get("/screenings/{screening_id}/image")
def image(screening_id: UUID, visit: ResultReader, db: DbSession, instrument: OurInstrument) -> Response:
    screening = reviews.visible(db, visit.actor, screening_id)
    ledger.record(db, visit.actor, Event(Act.IMAGE_SHOWN, "screening", str(screening.id)))
    return _png(instrument.store.png(screening.pixels_sha256))


@router.get("/screenings/{screening_id}/thumbnail/{side}")
def thumbnail(
    screening_id: UUID,
    side: Annotated[int, Path()],
    visit: ResultReader,
    database: OurDatabase,
    instrument: OurInstrument,
) -> Response:
    """Checked each time; the page that shows thumbnails has left the one event for all of them."""
    with database.reading() as session:
        screening = reviews.visible(session, visit.actor, screening_id)
    nearest = min(THUMBNAIL_SIDES, key=lambda known: abs(known - side))
    return _png(instrument.store.thumbnail(screening.pixels_sha256, side=nearest), kept=True)


@router.get("/screenings/{screening_id}/heatmap")
def heat_map(
    screening_id: UUID,
    visit: ResultReader,
    database: OurDatabase,
    instrument: OurInstrument,
    over: Literal["square", "image"] = "square",
) -> Response:
    """To be laid over the network's square, or over the whole image; made anew from the stored pixels."""
    screening, _ = _shown(database, visit, screening_id, view="heat_map")
    return _png(explanation.heat_map_png(instrument, screening, of_image=over == "image"))


@router.get("/screenings/{screening_id}/crop")
def crop(screening_id: UUID, visit: ResultReader, database: OurDatabase, instrument: OurInstrument) -> Response:
    """Exactly what the model saw."""
    screening, card = _shown(database, visit, screening_id, view="crop")
    return _png(explanation.crop_png(instrument, screening, card=card))


@router.get("/reference-cells/{pixels_sha256}")
def reference_cell(pixels_sha256: str, visit: ResultReader, instrument: OurInstrument) -> Response:
    if instrument.references is None:
        raise ReferenceNotFound("This laboratory provides no reference cells.")
    return _png(small_png(instrument.references.picture(pixels_sha256), side=REFERENCE_SIDE), kept=True)


def _shown(database: Database, visit: Visit, screening_id: UUID, *, view: str) -> tuple[ScreeningRow, dict[str, Any]]:
    """The screening and its model's card, remembered in the ledger as shown; raises ForReading."""
    with database.writing() as session:
        screening = reviews.visible(session, visit.actor, screening_id)
        if reviews.hidden_from(session, visit.actor, [screening.id]):
            raise ForReading("This cell waits for your own read first. After it you see what the model made of it.")
        ledger.record(session, visit.actor, Event(Act.IMAGE_SHOWN, "screening", str(screening.id), {"view": view}))
        return screening, screening.model.card


def _png(content: bytes, *, kept: bool = False) -> Response:
    return Response(content, media_type="image/png", headers=KEPT_A_WHILE if kept else None)
