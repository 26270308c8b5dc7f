"""A comment comes in from the page of a screening, and is seen there."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import ResultReader
from app.audit import ledger
from app.audit.events import results_shown
from app.db import OurDatabase
from app.errors import Invalid
from app.review import comment_actions, queries
from app.review.comment_queries import Comments, comments_for
from app.screening.words import short_id
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class CommentPage:
    """A comment that could not be taken, kept as it was typed."""

    short_id: str
    screening: str
    comments: Comments
    typed: str
    error: str


@router.post("/screenings/{screening_id}/comments")
def comment(
    request: Request, screening_id: UUID, visit: ResultReader, database: OurDatabase, form: CheckedForm
) -> Response:
    try:
        with database.writing() as session:
            comment_actions.comment(session, visit.actor, screening_id=screening_id, text=text(form, "comment"))
    except Invalid as error:
        with database.writing() as session:
            queries.visible(session, visit.actor, screening_id)
            comments = comments_for(session, visit.actor, screening_id)
            if comments.shown and not queries.hidden_from(session, visit.actor, [screening_id]):
                where = "POST /screenings/{id}/comments"
                ledger.record(session, visit.actor, results_shown([screening_id], where=where))
            page = CommentPage(
                short_id=short_id(screening_id),
                screening=f"/screenings/{screening_id}",
                comments=comments,
                typed=str(form.get("comment", "")).replace("\0", ""),
                error=error.message,
            )
        return show_again(request, "review/comment.html", page, frame=visit.frame, error=error)
    return RedirectResponse(f"/screenings/{screening_id}#comments", status_code=303)
