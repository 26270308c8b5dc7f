"""Asking for another read of a settled cell comes in from the page of its result, and is seen there."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import CaseReader
from app.audit import ledger
from app.audit.events import results_shown
from app.db import OurDatabase
from app.errors import Conflict, Invalid
from app.review import queries, request_actions, request_queries
from app.review.request_queries import Requests
from app.screening.words import short_id
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class RequestPage:
    """A request that could not be taken, its reason kept as it was typed."""

    short_id: str
    screening: str
    requests: Requests
    typed: str
    error: str


@router.post("/screenings/{screening_id}/ask-again")
def ask_again(
    request: Request, screening_id: UUID, visit: CaseReader, database: OurDatabase, form: CheckedForm
) -> Response:
    reason = text(form, "reason")
    try:
        with database.writing() as session:
            request_actions.ask_for_another_read(session, visit.actor, screening_id=screening_id, reason=reason)
    except (Invalid, Conflict) as error:
        with database.writing() as session:
            screening = queries.visible(session, visit.actor, screening_id)
            requests = request_queries.requests_for(session, visit.actor, screening)
            if requests.shown or requests.what_follows:
                where = "POST /screenings/{id}/ask-again"
                ledger.record(session, visit.actor, results_shown([screening_id], where=where))
            page = RequestPage(
                short_id=short_id(screening_id),
                screening=f"/screenings/{screening_id}",
                requests=requests,
                typed=reason,
                error=error.message,
            )
        return show_again(request, "review/request.html", page, frame=visit.frame, error=error)
    return RedirectResponse(f"/screenings/{screening_id}#review", status_code=303)
