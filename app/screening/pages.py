"""The models that gave scores, and asking for a human read."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import CaseReader, Visitor
from app.db import DbSession, OurDatabase
from app.screening import actions, queries
from app.screening.forms import OurInstrument
from app.screening.model_view import model_page
from app.web.csrf import CheckedForm
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/model")
def model(request: Request, visit: Visitor, instrument: OurInstrument) -> Response:
    page = model_page(instrument.classifier.card.raw, serves=True)
    return render(request, "screening/model.html", page, frame=visit.frame)


@router.get("/models/{model_id}")
def past_model(
    request: Request, model_id: UUID, visit: Visitor, database: OurDatabase, instrument: OurInstrument
) -> Response:
    """The card of whichever model gave a score, as it was then."""
    with database.reading() as session:
        known = queries.model_with_id(session, model_id)
        card = known.card
    page = model_page(card, serves=known.card_sha256 == instrument.card_sha256)
    return render(request, "screening/model.html", page, frame=visit.frame)


@router.post("/screenings/{screening_id}/ask")
def ask(screening_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    """Ask for a human read."""
    actions.ask_for_read(db, visit.actor, screening_id=screening_id)
    return RedirectResponse(f"/screenings/{screening_id}", status_code=303)
