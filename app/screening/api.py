"""REST for lab systems."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.guards import AnybodyKnown, ClientWith
from app.actor import Actor, Permission
from app.audit import ledger
from app.audit.events import results_shown
from app.db import DbSession
from app.errors import Invalid
from app.review import queries as reviews
from app.screening import actions, queries
from app.screening.forms import SCREENING_BODY, OurInstrument, ScreeningClient, Sent
from app.screening.queries import Wanted
from app.screening.schemas import ScreeningList, ScreeningOut, problems, shown
from app.screening.tables import ScreeningRow
from app.web.parameters import Takes

router = APIRouter(prefix="/api/v1", tags=["screening"])

TakesNone = Depends(Takes())
ReadingClient = Annotated[Actor, Depends(ClientWith(Permission.SEE_OWN))]


class BadCursor(Invalid):
    code = "cursor_unreadable"


@router.post(
    "/screenings",
    summary="Screen one cell image",
    status_code=201,
    response_model=ScreeningOut,
    dependencies=[TakesNone],
    openapi_extra=SCREENING_BODY,
    responses={
        200: {
            "model": ScreeningOut,
            "description": (
                "These pixels were screened in this case before, and no new `Idempotency-Key` asks for another "
                "screening: that one"
            ),
        },
        201: {
            "description": "Screened, or found unusable: recorded either way. Or what this Idempotency-Key gave before",
            "headers": {"Idempotency-Replayed": {"description": "`true`, if so", "schema": {"type": "string"}}},
        },
        **problems(400, 409, 415),
    },
)
def screen(client: ScreeningClient, sent: Sent, instrument: OurInstrument, db: DbSession) -> Response:
    """Screen one cell image. The record is safe before the reply leaves; what is answered with a 4xx was not stored.

    After a 5xx, or where no reply came, send it again under the same `Idempotency-Key`.
    """
    done = actions.screen_cell(db, client, instrument=instrument, submission=sent)
    told = _show(db, client, [done.screening], where="POST /api/v1/screenings")[0]
    headers = {"Idempotency-Replayed": "true"} if done.replayed else {}
    return _json(told, status=201 if done.new or done.replayed else 200, headers=headers)


@router.get(
    "/screenings/{screening_id}",
    summary="One screening, and its review",
    response_model=ScreeningOut,
    responses=problems(404),
    dependencies=[TakesNone],
)
def one(screening_id: UUID, client: ReadingClient, db: DbSession) -> Response:
    """One screening, and what review made of it by now."""
    screening = queries.get(db, client, screening_id)
    return _json(_show(db, client, [screening], where="GET /api/v1/screenings/{id}")[0])


@router.get(
    "/screenings",
    summary="Screenings, the earliest first",
    response_model=ScreeningList,
    responses=problems(),
    dependencies=[Depends(Takes(("after", "limit", "case_id", "needs_review")))],
)
def several(
    client: ReadingClient,
    db: DbSession,
    wanted: Annotated[Wanted, Depends()],
    after: Annotated[str | None, Query(max_length=64, description="`next` of an earlier reply")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Screenings in the order of the ledger. Ask again with `next` to get only what is new.

    What review makes of those that came before is told by each one's own address.
    """
    found = queries.in_ledger_order(db, client, after=_position(after), wanted=wanted, limit=limit)
    items = _show(db, client, found.screenings, where="GET /api/v1/screenings")
    following = after if found.last_position is None else _cursor(found.last_position)
    return _json(ScreeningList(items=items, next=following, more=found.more))


@router.get("/model", summary="The card of the model that serves", responses=problems(), dependencies=[TakesNone])
def model_card(client: AnybodyKnown, instrument: OurInstrument) -> dict[str, Any]:
    """The card of the model that serves: data, protocol, figures with intervals, thresholds."""
    return instrument.classifier.card.raw


def _show(db: Session, client: Actor, screenings: list[ScreeningRow], *, where: str) -> list[ScreeningOut]:
    if screenings:
        ledger.record(db, client, results_shown([screening.id for screening in screenings], where=where))
    made = reviews.reviews_by_id(db, [screening.id for screening in screenings])
    return [shown(one, review=made[one.id]) for one in screenings]


def _json(content: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A finished reply. A model that FastAPI had to turn into one would need a second thread while this one holds the
    write lock: with every thread waiting for the lock, neither would ever go on."""
    return Response(content.model_dump_json(), status_code=status, headers=headers, media_type="application/json")


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        told = base64.urlsafe_b64decode(cursor.encode("ascii")).decode("ascii")
    except (binascii.Error, UnicodeError):
        told = ""
    if not (told.startswith("p") and told[1:].isdecimal() and len(told) < 20):
        raise BadCursor("This cursor is none of ours. Use `next` of an earlier reply as it is, or leave `after` out.")
    return int(told[1:])
