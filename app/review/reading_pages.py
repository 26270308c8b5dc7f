"""Reading one cell: own call, final call, and every way out of it with nothing lost."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import Reviewer, Visit
from app.audit import ledger
from app.audit.events import cells_shown, results_shown
from app.db import Database, DbSession, OurDatabase
from app.errors import Conflict, Invalid
from app.review import actions, due_queries, queue_actions, words
from app.review.actions import NotBlind, OwnCallFirst, Said
from app.review.desk_rules import SKIP_MINUTES, parse_hours
from app.review.due_queries import AlreadyRead, Late, LeaseLost, OwnUpload
from app.review.queue_actions import NoSuchReader
from app.review.reading_view import LatePage, TypedRead, given_page, reading_page
from app.review.rules import Step, Verdict
from app.screening.forms import our_instrument
from app.screening.queries import ScreeningNotFound
from app.typed import LARGEST, whole_number
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
AGAIN = (LeaseLost, AlreadyRead, NotBlind, OwnCallFirst)
"""After these the reader may open the cell once more."""


@router.get("/review/{screening_id}")
def read(request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase) -> Response:
    """The cell is this reader's from now on, or they are told whose it is."""
    try:
        with database.writing() as session:
            return _page(request, session, visit, screening_id, where="GET /review/{id}")
    except Late as late:
        return _late(request, visit, late, screening_id=screening_id)
    except OwnUpload as own:
        raise ScreeningNotFound(own.message) from None


def _page(
    request: Request,
    session: Session,
    visit: Visit,
    screening_id: UUID,
    *,
    where: str,
    typed: TypedRead | None = None,
    error: Invalid | None = None,
) -> Response:
    task = due_queries.find(session, visit.actor, screening_id)
    if task.step is Step.DONE:
        ledger.record(session, visit.actor, results_shown([screening_id], where=where))
        return render(request, "review/given.html", given_page(session, task), frame=visit.frame)
    task, lease = queue_actions.take_up(session, visit.actor, screening_id=screening_id)
    shown = cells_shown if task.step is Step.BLIND else results_shown
    ledger.record(session, visit.actor, shown([screening_id], where=where))
    instrument = our_instrument(request)
    told = error.message if error else None
    page = reading_page(session, visit.actor, task, lease, instrument=instrument, typed=typed, error=told)
    if error:
        return show_again(request, "review/read.html", page, frame=visit.frame, error=error)
    return render(request, "review/read.html", page, frame=visit.frame)


def _late(
    request: Request, visit: Visit, clash: Conflict, *, screening_id: UUID, typed: TypedRead | None = None
) -> Response:
    late = clash if isinstance(clash, Late) else None
    kept = typed if typed and (typed.verdict or typed.note.strip()) else None
    page = LatePage(
        title=late.title if late else "That clashes with what is recorded",
        told=late.told if late else clash.message,
        at=late.at if late else None,
        then=late.then if late else "",
        kept=kept,
        verdict=words.verdict(kept.verdict or None) if kept else "",
        again=f"/review/{screening_id}" if isinstance(clash, AGAIN) else None,
    )
    return show_again(request, "review/late.html", page, frame=visit.frame, error=clash)


@router.post("/review/{screening_id}")
def give_verdict(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    """The own call, and then the same page with what the model made of it; or the final one, and on to the next cell.

    What cannot be taken keeps what was typed. A form that does not say which call it is brings both.
    """
    typed = _typed(form)
    try:
        if typed.verdict not in list(Verdict):
            raise Invalid("Choose a verdict.", code="verdict_missing")
        said = Said(Verdict(typed.verdict), typed.note, _number(form, "token"), _number(form, "seconds"))
        step = text(form, "step")
        if step == Step.BLIND:
            with database.writing() as session:
                actions.call_blind(session, visit.actor, screening_id=screening_id, said=said)
            return RedirectResponse(f"/review/{screening_id}", status_code=303)
        _final(database, visit, screening_id=screening_id, said=said, brings_both=not step)
    except Invalid as error:
        return _again(request, visit, database, screening_id, typed=typed, error=error)
    except Conflict as clash:
        return _late(request, visit, clash, screening_id=screening_id, typed=typed)
    return RedirectResponse("/review/next", status_code=303)


def _final(database: Database, visit: Visit, *, screening_id: UUID, said: Said, brings_both: bool) -> None:
    try:
        with database.writing() as session:
            actions.give_verdict(session, visit.actor, screening_id=screening_id, said=said)
    except OwnCallFirst:
        if not brings_both:
            raise
        with database.writing() as session:
            actions.call_blind(session, visit.actor, screening_id=screening_id, said=said)
        with database.writing() as session:
            actions.give_verdict(session, visit.actor, screening_id=screening_id, said=replace(said, seconds=0))


@router.post("/review/{screening_id}/withdraw")
def withdraw(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    """Take the own verdict back, and stand before the cell again; or before the queue, where it waits for another."""
    try:
        with database.writing() as session:
            actions.withdraw(session, visit.actor, screening_id=screening_id)
            theirs = queue_actions.take_again(session, visit.actor, screening_id=screening_id)
    except Conflict as clash:
        return _late(request, visit, clash, screening_id=screening_id)
    return RedirectResponse(f"/review/{screening_id}" if theirs else "/review?withdrawn=true", status_code=303)


@router.post("/review/{screening_id}/draft")
def keep_draft(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    """Keep what is typed, and the hold on the cell. The page's script asks so all along; without it, a button does."""
    by_script = "text/html" not in request.headers.get("accept", "")
    try:
        with database.writing() as session:
            held = queue_actions.keep_typed(session, visit.actor, screening_id=screening_id, typed=_left(form))
    except Late as late:
        if by_script:
            raise
        return _late(request, visit, late, screening_id=screening_id, typed=_typed(form))
    if by_script:
        return Response(status_code=204 if held else 409)
    return RedirectResponse(f"/review/{screening_id}", status_code=303)


@router.post("/review/{screening_id}/skip")
def skip(request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm) -> Response:
    return _put_off(request, visit, database, form, screening_id=screening_id, minutes=SKIP_MINUTES)


@router.post("/review/{screening_id}/postpone")
def postpone(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    try:
        minutes = parse_hours(text(form, "hours")) * 60
    except Invalid as error:
        return _again(request, visit, database, screening_id, typed=_typed(form), error=error)
    return _put_off(request, visit, database, form, screening_id=screening_id, minutes=minutes)


def _again(
    request: Request, visit: Visit, database: Database, screening_id: UUID, *, typed: TypedRead, error: Invalid
) -> Response:
    """The same page with what was typed, and why it could not be taken."""
    try:
        with database.writing() as session:
            due_queries.refuse_withdrawn(session, due_queries.find(session, visit.actor, screening_id))
            where = "POST /review/{id}"
            return _page(request, session, visit, screening_id, where=where, typed=typed, error=error)
    except Late as late:
        return _late(request, visit, late, screening_id=screening_id, typed=typed)


def _put_off(
    request: Request, visit: Visit, database: Database, form: FormData, *, screening_id: UUID, minutes: int
) -> Response:
    left = _left(form)
    try:
        with database.writing() as session:
            queue_actions.put_off(session, visit.actor, screening_id=screening_id, minutes=minutes, typed=left)
    except Late as late:
        return _late(request, visit, late, screening_id=screening_id, typed=_typed(form))
    return RedirectResponse("/review/next", status_code=303)


@router.post("/review/{screening_id}/take-back")
def take_back(screening_id: UUID, visit: Reviewer, db: DbSession, form: CheckedForm) -> Response:
    queue_actions.take_back(db, visit.actor, screening_id=screening_id)
    return RedirectResponse("/review", status_code=303)


@router.post("/review/{screening_id}/hand-on")
def hand_on(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    typed = _typed(form)
    try:
        to_id = _colleague(text(form, "colleague"))
        with database.writing() as session:
            left = _left(form)
            queue_actions.hand_on(session, visit.actor, screening_id=screening_id, to_id=to_id, typed=left)
    except Invalid as error:
        return _again(request, visit, database, screening_id, typed=typed, error=error)
    except Late as late:
        return _late(request, visit, late, screening_id=screening_id, typed=typed)
    return RedirectResponse("/review/next", status_code=303)


def _typed(form: FormData) -> TypedRead:
    return TypedRead(text(form, "verdict"), text(form, "note"))


def _left(form: FormData) -> queue_actions.LeftForm:
    chosen = text(form, "verdict")
    verdict = Verdict(chosen) if chosen in list(Verdict) else None
    return queue_actions.LeftForm(verdict, text(form, "note").replace("\r\n", "\n"), _number(form, "token"))


def _number(form: FormData, name: str) -> int | None:
    return whole_number(text(form, name), least=0, most=LARGEST)


def _colleague(told: str) -> UUID:
    try:
        return UUID(told)
    except ValueError:
        raise NoSuchReader("Choose a colleague to hand this cell on to.") from None
