"""Uploading by browser: one image or many, each with an outcome of its own."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import Uploader, Visit, Visitor
from app.actor import Permission
from app.audit import ledger
from app.audit.events import results_shown
from app.cases.rules import UNNAMED, UnusableIdentifier, parse_accession
from app.db import Database, OurDatabase
from app.errors import BlastscreenError, Conflict, Invalid
from app.screening import actions, words
from app.screening.actions import Submission
from app.screening.forms import OurInstrument, Upload, Uploaded
from app.screening.instrument import Instrument
from app.screening.tables import ScreeningRow
from app.settings import Settings
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class UploadPage:
    case: str
    files_most: int
    error: str | None = None


@dataclass(frozen=True)
class FileOutcome:
    """One file of an upload: its result, or why there is none."""

    name: str
    href: str | None
    thumbnail: str | None
    band: str
    band_code: str
    probability: str
    told: str


@dataclass(frozen=True)
class UploadedPage:
    outcomes: tuple[FileOutcome, ...]
    stored: int
    failed: int
    case_href: str | None
    case: str


@router.get("/")
def upload_form(request: Request, visit: Visitor) -> Response:
    """The upload page; who does not upload is sent to their own first page."""
    if not visit.actor.may(Permission.SCREEN):
        return RedirectResponse(visit.frame.navigation[0].href, status_code=303)
    return _upload_page(request, visit, case="")


def _upload_page(request: Request, visit: Visit, *, case: str, error: BlastscreenError | None = None) -> Response:
    settings: Settings = request.app.state.settings
    page = UploadPage(case, settings.upload_files, error=error.message if error else None)
    return render(request, "screening/upload.html", page, frame=visit.frame, status=422 if error else 200)


@router.post("/screenings")
def upload(
    request: Request, visit: Uploader, sent: Uploaded, instrument: OurInstrument, database: OurDatabase
) -> Response:
    """Each file gets its own outcome; one bad file fails nothing else. One good file leads to its result."""
    try:
        accession = parse_accession(sent.case)
    except UnusableIdentifier as error:
        return _upload_page(request, visit, case=sent.case, error=error)
    if not sent.files:
        return _upload_page(request, visit, case=sent.case, error=Invalid("Choose at least one image."))
    outcomes = _screen_all(visit, sent=sent, accession=accession, instrument=instrument, database=database)
    errors = [outcome for _, outcome in outcomes if isinstance(outcome, BlastscreenError)]
    rows = [outcome for _, outcome in outcomes if isinstance(outcome, ScreeningRow)]
    if len(outcomes) == 1 and rows:
        return RedirectResponse(f"/screenings/{rows[0].id}", status_code=303)
    if len(outcomes) == 1:
        return _upload_page(request, visit, case=sent.case, error=errors[0])
    if rows:
        with database.writing() as session:
            ledger.record(session, visit.actor, results_shown([row.id for row in rows], where="POST /screenings"))
    page = UploadedPage(
        outcomes=tuple(_file_outcome(name, outcome) for name, outcome in outcomes),
        stored=len(rows),
        failed=len(errors),
        case_href=f"/cases/{rows[0].case_id}" if rows else None,
        case=sent.case.strip() or UNNAMED,
    )
    return render(request, "screening/uploaded.html", page, frame=visit.frame)


def _screen_all(
    visit: Visit, *, sent: Upload, accession: str | None, instrument: Instrument, database: Database
) -> list[tuple[str, ScreeningRow | BlastscreenError]]:
    """Each file in a transaction of its own; without a number they share one unnamed case."""
    outcomes: list[tuple[str, ScreeningRow | BlastscreenError]] = []
    case_id: UUID | None = None
    for file in sent.files:
        received = file.file.read(instrument.limits.bytes + 1)  # enough to see that it is too large
        submission = Submission(received, accession=accession, case_id=case_id)
        try:
            with database.writing() as session:
                done = actions.screen_cell(session, visit.actor, instrument=instrument, submission=submission)
        except (Invalid, Conflict) as error:
            outcomes.append((file.filename or "", error))
        else:
            case_id = done.screening.case_id
            outcomes.append((file.filename or "", done.screening))
    return outcomes


def _file_outcome(name: str, outcome: ScreeningRow | BlastscreenError) -> FileOutcome:
    if isinstance(outcome, BlastscreenError):
        return FileOutcome(name, None, None, "Not read", "rejected", "–", outcome.message)
    why = words.why_unusable(outcome) or " ".join(words.reasons(outcome))
    return FileOutcome(
        name=name,
        href=f"/screenings/{outcome.id}",
        thumbnail=f"/screenings/{outcome.id}/thumbnail/96",
        band=words.band(outcome),
        band_code=words.band_code(outcome),
        probability=words.probability(outcome),
        told=why,
    )
