"""Uploading by browser: one image or many, each with an outcome of its own.

The form sends everything in one request. The page's script sends a few files at a time to `/screenings/rows` and shows
each row as it comes. Both screen alike; both leave all that was not named to one case, whose id the page carries.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app import clock
from app.accounts.guards import Uploader, Visit, Visitor
from app.actor import Permission
from app.audit import ledger
from app.audit.events import cases_shown, results_shown
from app.cases import queries as case_queries
from app.cases.rules import LENGTH_MOST, UNNAMED, UnusableIdentifier, parse_accession, parse_subject
from app.db import Database, OurDatabase
from app.errors import BlastscreenError, Invalid
from app.review import queries as reviews
from app.review import words as review_words
from app.screening import queries, words
from app.screening.actions import Screened
from app.screening.batch import ImageResult, screen_all
from app.screening.forms import OurInstrument, Upload, Uploaded
from app.screening.instrument import Instrument
from app.settings import Settings
from app.web.errors import show_again
from app.web.templating import Templates, render

router = APIRouter(include_in_schema=False)

GO_ON_WITHIN = timedelta(hours=12)
ROWS = "POST /screenings/rows"
NOT_OPENED = "Could not be opened"
ALREADY = "?already=true"


@dataclass(frozen=True)
class Unfinished:
    """An upload without a case number that may be gone on with."""

    href: str
    at: datetime
    cells: int


@dataclass(frozen=True)
class FileRow:
    """One file of an upload: its result, or why there is none."""

    name: str
    href: str | None
    thumbnail: str | None
    band: str
    band_code: str
    probability: str
    told: str
    already: datetime | None = None  # when it was screened in this case before


NOT_SENT = FileRow("", None, None, "Not sent", "rejected", "–", "")


@dataclass(frozen=True)
class UploadPage:
    case: str
    subject: str
    identifier_length: int
    case_id: str
    joins: datetime | None
    unfinished: Unfinished | None
    files_most: int
    image_bytes: int
    upload_bytes: int
    error: str | None = None
    # what the page's script fills in
    not_sent: FileRow = NOT_SENT
    bands: tuple[tuple[str, str], ...] = (*words.BANDS.items(), ("unusable", words.UNUSABLE), ("rejected", NOT_OPENED))


@dataclass(frozen=True)
class UploadedPage:
    """`screened`: how many images got a score, or one that waits for this reader's own call."""

    rows: tuple[FileRow, ...]
    screened: int
    unusable: int
    failed: int
    already: int
    case_href: str | None
    more_href: str
    case: str


@router.get("/")
def upload_form(request: Request, visit: Visitor, database: OurDatabase, case_id: UUID | None = None) -> Response:
    """The upload page, for a new case or for one that is open; who does not upload is sent to their own first page."""
    if not visit.actor.may(Permission.SCREEN):
        return RedirectResponse(visit.frame.navigation[0].href, status_code=303)
    if case_id is None:
        return _upload_page(request, visit, unfinished=_unfinished(visit, database=database))
    with database.writing() as session:
        case = case_queries.get(session, visit.actor, case_id)
        if case.accession is not None:
            ledger.record(session, visit.actor, cases_shown([case.id], where="GET /"))
            return _upload_page(request, visit, case=case.accession, subject=case.subject or "")
        return _upload_page(request, visit, subject=case.subject or "", case_id=case.id, joins=case.opened_at)


def _unfinished(visit: Visit, *, database: Database) -> Unfinished | None:
    with database.reading() as session:
        case = case_queries.last_unnamed(session, visit.actor, since=clock.now() - GO_ON_WITHIN)
        if case is None:
            return None
        cells = queries.how_many_in(session, case.id)
    return Unfinished(f"/?case_id={case.id}", case.opened_at, cells)


def _upload_page(
    request: Request,
    visit: Visit,
    *,
    case: str = "",
    subject: str = "",
    case_id: UUID | None = None,
    joins: datetime | None = None,
    unfinished: Unfinished | None = None,
    error: BlastscreenError | None = None,
) -> Response:
    settings: Settings = request.app.state.settings
    page = UploadPage(
        case=case,
        subject=subject,
        identifier_length=LENGTH_MOST,
        case_id=str(case_id or uuid4()),
        joins=joins,
        unfinished=unfinished,
        files_most=settings.upload_files,
        image_bytes=settings.image_bytes,
        upload_bytes=settings.upload_bytes,
        error=error.message if error else None,
    )
    if error:
        return show_again(request, "screening/upload.html", page, frame=visit.frame, error=error)
    return render(request, "screening/upload.html", page, frame=visit.frame)


@router.post("/screenings")
def upload(
    request: Request, visit: Uploader, sent: Uploaded, instrument: OurInstrument, database: OurDatabase
) -> Response:
    """Everything at once. One bad file fails nothing else; one good file alone leads to its result."""
    try:
        outcomes = list(_screen_all(visit, sent=sent, instrument=instrument, database=database))
    except UnusableIdentifier as error:
        return _again(request, visit, sent=sent, error=error)
    if not sent.files:
        return _again(request, visit, sent=sent, error=Invalid("Choose at least one image."))
    first = outcomes[0]
    if len(outcomes) == 1 and first.screened:
        return RedirectResponse(_row(first).href or "/", status_code=303)
    if first.trouble or len(outcomes) == 1:
        return _again(request, visit, sent=sent, error=first.error)
    shown = [one.screened.screening.id for one in outcomes if one.screened and not one.hidden]
    if shown:
        with database.writing() as session:
            ledger.record(session, visit.actor, results_shown(shown, where="POST /screenings"))
    return render(request, "screening/uploaded.html", _uploaded_page(outcomes, sent=sent), frame=visit.frame)


def _again(request: Request, visit: Visit, *, sent: Upload, error: BlastscreenError | None) -> Response:
    return _upload_page(request, visit, case=sent.case, subject=sent.subject, case_id=sent.case_id, error=error)


def _uploaded_page(outcomes: list[ImageResult], *, sent: Upload) -> UploadedPage:
    done = [one.screened for one in outcomes if one.screened]
    case_id = done[0].screening.case_id if done else None
    rows = tuple(_row(outcome) for outcome in outcomes)
    unusable = sum(row.band_code == "unusable" for row in rows)
    return UploadedPage(
        rows=rows,
        screened=len(done) - unusable,
        unusable=unusable,
        failed=len(outcomes) - len(done),
        already=sum(not one.new for one in done),
        case_href=f"/cases/{case_id}" if case_id else None,
        more_href=f"/?case_id={case_id}" if case_id else "/",
        case=sent.case.strip() or f"an {UNNAMED}",
    )


@router.post("/screenings/rows")
def upload_rows(
    request: Request, visit: Uploader, sent: Uploaded, instrument: OurInstrument, database: OurDatabase
) -> Response:
    """For the page's script: a line of JSON for each image as soon as it is safe, and a last one that says that it is
    the last. A file without a line may be sent again, which stores nothing twice."""
    outcomes = _screen_all(visit, sent=sent, instrument=instrument, database=database, where=ROWS)
    lines = _lines(request, visit, outcomes=outcomes)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"x-accel-buffering": "no"})


def _lines(request: Request, visit: Visit, *, outcomes: Iterator[ImageResult]) -> Iterator[str]:
    templates: Templates = request.app.state.templates
    for outcome in outcomes:
        if outcome.trouble:
            yield json.dumps({"stop": outcome.trouble.message}) + "\n"
            break
        row = _row(outcome)
        done = outcome.screened
        line = {
            "row": templates.text("screening/uploaded_row.html", page=row, frame=visit.frame),
            "band": row.band_code,
            "file": outcome.file,
            "done": outcome.done,  # of this file
            "id": str(done.screening.id) if done else None,
            "case_id": str(done.screening.case_id) if done else None,
            "new": done.new if done else False,
        }
        yield json.dumps(line) + "\n"
    yield '{"end": true}\n'


def _screen_all(
    visit: Visit,
    *,
    sent: Upload,
    instrument: Instrument,
    database: Database,
    where: str | None = None,
) -> Iterator[ImageResult]:
    """`where`: the route that shows each result as it comes, which the ledger then keeps with the screening.

    Raises UnusableIdentifier."""

    def is_hidden(session: Session, done: Screened) -> bool:
        shown = done.screening.id
        hidden = not done.new and shown in reviews.hidden_from(session, visit.actor, [shown])
        if where and not hidden:
            ledger.record(session, visit.actor, results_shown([shown], where=where))
        return hidden

    return screen_all(
        database,
        visit.actor,
        images=sent.images(),
        accession=parse_accession(sent.case),
        subject=parse_subject(sent.subject),
        case_id=sent.case_id,
        instrument=instrument,
        is_hidden=is_hidden,
    )


def _row(outcome: ImageResult) -> FileRow:
    name = outcome.name
    if outcome.screened is None:
        why = outcome.error.message if outcome.error else ""
        return FileRow(name, None, None, NOT_OPENED, "rejected", "–", why)
    screening = outcome.screened.screening
    shown = {
        "name": name,
        "href": f"/screenings/{screening.id}{'' if outcome.screened.new else ALREADY}",
        "thumbnail": f"/screenings/{screening.id}/thumbnail/96",
    }
    already = None if outcome.screened.new else screening.at
    if outcome.hidden:
        band = review_words.FOR_READING
        return FileRow(**shown, band=band, band_code="reading", probability="–", told="", already=already)
    return FileRow(
        **shown,
        band=words.band(screening),
        band_code=words.band_code(screening),
        probability=words.probability(screening),
        told=f"{words.what_to_know(screening)} {words.ELSEWHERE if outcome.screened.elsewhere else ''}".strip(),
        already=already,
    )
