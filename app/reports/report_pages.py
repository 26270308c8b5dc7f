"""The report of a case: as a page that prints, as a PDF, in each signed version; and the check of a printed hash."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.accounts.guards import CaseReader, Visit, Visitor
from app.actor import Permission
from app.audit import ledger
from app.audit.events import Act, Event
from app.cases import queries as cases
from app.db import Database, OurDatabase
from app.errors import Conflict, NotFound
from app.policy import queries as policies
from app.reports import queries, sheet_view, version_queries
from app.reports.pdf import pdf_of
from app.reports.queries import Standing
from app.reports.sheet import Says, Sheet, SignatureBlock
from app.reports.version_queries import Version
from app.screening.forms import OurInstrument
from app.screening.words import short_id
from app.storage import ImageNotFound, ImageStore
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
PICTURE_SIDE = 192
HASH = re.compile(r"[0-9a-f]{64}")


class VersionNotFound(NotFound):
    code = "version_not_found"


class VersionIsBroken(Conflict):
    code = "signature_does_not_match"


@dataclass(frozen=True)
class ReportPage:
    sheet: Sheet
    case: str
    pdf: str
    pdf_letter: str
    whole: str | None
    sign: str | None


@dataclass(frozen=True)
class VerifyPage:
    """`found`: the version that has the hash; `stands`: whether it does, in a sentence; `says`: what a paper with this
    hash must say, unless `withheld` tells why that is not shown."""

    typed: str
    error: str | None = None
    found: SignatureBlock | None = None
    stands: str = ""
    says: Says | None = None
    withheld: str | None = None
    report: str | None = None


@router.get("/reports/verify")
def verify_form(request: Request, visit: Visitor) -> Response:
    return render(request, "reports/verify.html", VerifyPage(""), frame=visit.frame)


@router.post("/reports/verify")
def verify(request: Request, visit: Visitor, database: OurDatabase, form: CheckedForm) -> Response:
    typed = text(form, "hash")[:200]
    try:
        with database.snapshot() as session:
            page, checked = _verified(session, visit, typed=typed)
    except NotFound as error:
        page = VerifyPage(typed, error.message)
        return show_again(request, "reports/verify.html", page, frame=visit.frame, error=error)
    with database.writing() as session:
        ledger.record(session, visit.actor, checked)
    return render(request, "reports/verify.html", page, frame=visit.frame)


def _verified(session: Session, visit: Visit, *, typed: str) -> tuple[VerifyPage, Event]:
    """Who has the hash learns whether it is that of a version, whether that stands, and what it says, to hold against
    the paper; of the case's number no more than the last signs, and nothing of a cell that waits for their blind read.
    """
    sought = "".join(typed.split()).lower()
    row = version_queries.version_with_hash(session, sought) if HASH.fullmatch(sought) else None
    if row is None:
        raise VersionNotFound("No report of this service has this hash. Check that all 64 signs are as printed.")
    case = version_queries.case_of(session, row)
    standing = queries.standing_of(session, case, policy=policies.current(session))
    [version] = [version for version in standing.versions if version.id == row.id]
    sees = cases.may_see(session, visit.actor, case.id)
    report = f"/cases/{case.id}/versions/{version.number}" if sees and version.content else None
    withheld = None
    try:
        queries.require_own_reads(session, visit.actor, standing, version=version)
    except queries.OwnReadIsDue as error:
        withheld = error.message
    page = VerifyPage(
        typed,
        found=sheet_view.block_of(version),
        stands=sheet_view.how_it_stands(version, standing),
        says=None if withheld else sheet_view.what_it_says(version, case, standing),
        withheld=withheld,
        report=report,
    )
    return page, Event(Act.REPORT_CHECKED, "case", str(case.id), {"version": version.number})


@router.get("/cases/{case_id}/report")
def report(request: Request, case_id: UUID, visit: CaseReader, database: OurDatabase) -> Response:
    made, _ = _made(database, visit, case_id=case_id, where="GET /cases/{id}/report")
    return _page(request, visit, made, address=f"/cases/{case_id}/report")


@router.get("/cases/{case_id}/report.pdf")
def report_pdf(
    request: Request,
    case_id: UUID,
    visit: CaseReader,
    database: OurDatabase,
    instrument: OurInstrument,
    paper: Literal["a4", "letter"] = "a4",
) -> Response:
    made, _ = _made(database, visit, case_id=case_id, where="GET /cases/{id}/report.pdf")
    return _pdf(request, made, store=instrument.store, paper=paper)


@router.get("/cases/{case_id}/versions/{number}.pdf")
def version_pdf(
    request: Request,
    case_id: UUID,
    number: int,
    visit: CaseReader,
    database: OurDatabase,
    instrument: OurInstrument,
    paper: Literal["a4", "letter"] = "a4",
) -> Response:
    made, _ = _made(database, visit, case_id=case_id, number=number, where="GET /cases/{id}/versions/{number}.pdf")
    return _pdf(request, made, store=instrument.store, paper=paper)


@router.get("/cases/{case_id}/versions/{number}.json")
def version_json(case_id: UUID, number: int, visit: CaseReader, database: OurDatabase) -> Response:
    """The very bytes that were signed, so that anybody can work their hash out anew."""
    _, version = _made(database, visit, case_id=case_id, number=number, where="GET /cases/{id}/versions/{number}.json")
    assert version is not None  # noqa: S101  asked for by its number
    with database.reading() as session:
        signed = version_queries.signed_text(session, version.id)
    return Response(signed.encode("utf-8", "surrogatepass"), media_type="application/json")


@router.get("/cases/{case_id}/versions/{number}")
def version(request: Request, case_id: UUID, number: int, visit: CaseReader, database: OurDatabase) -> Response:
    made, _ = _made(database, visit, case_id=case_id, number=number, where="GET /cases/{id}/versions/{number}")
    return _page(request, visit, made, address=f"/cases/{case_id}/versions/{number}")


def _made(
    database: Database, visit: Visit, *, case_id: UUID, where: str, number: int | None = None
) -> tuple[Sheet, Version | None]:
    """The sheet, made while nobody waits for a lock; then the event that it was shown."""
    with database.snapshot() as session:
        case = cases.get(session, visit.actor, case_id)
        standing = queries.standing_of(session, case, policy=policies.current(session))
        version = None if number is None else _numbered(standing, number)
        queries.require_own_reads(session, visit.actor, standing, version=version)
        if version is None:
            made = sheet_view.sheet_of_case(session, case, standing)
        else:
            made = sheet_view.sheet_of_version(session, case, standing, version=version)
    shown = made.signature.number if made.signature else 0
    with database.writing() as session:
        event = Event(Act.REPORT_SHOWN, "case", str(case_id), {"where": where, "version": shown})
        ledger.record(session, visit.actor, event)
    return made, version


def _numbered(standing: Standing, number: int) -> Version:
    found = next((version for version in standing.versions if version.number == number), None)
    if found is None:
        raise VersionNotFound("This case has no version of that number.")
    if found.content is None:
        raise VersionIsBroken(
            f"Signature does not match. {found.fault} There is nothing that could be shown as signed."
        )
    return found


def _page(request: Request, visit: Visit, made: Sheet, *, address: str) -> Response:
    signed = made.signature
    page = ReportPage(
        sheet=made,
        case=f"/cases/{made.case_id}",
        pdf=f"{address}.pdf",
        pdf_letter=f"{address}.pdf?paper=letter",
        whole=f"/cases/{made.case_id}/versions/{signed.number}.json" if signed else None,
        sign=f"/cases/{made.case_id}/sign-off" if visit.actor.may(Permission.SIGN) and not signed else None,
    )
    return render(request, "reports/report.html", page, frame=visit.frame)


def _pdf(request: Request, made: Sheet, *, store: ImageStore, paper: str) -> Response:
    """Saved under a name without the case's number, which a list of downloads would tell."""
    pictures = {tile.id: picture for tile in made.telling if (picture := _picture(store, tile.image))}
    content = pdf_of(made, pictures=pictures, zone=request.app.state.settings.zone, paper=paper)
    name = f"report-{short_id(made.case_id)}.pdf"
    return Response(
        content, media_type="application/pdf", headers={"content-disposition": f'inline; filename="{name}"'}
    )


def _picture(store: ImageStore, image: str) -> bytes | None:
    try:
        return store.thumbnail(image, side=PICTURE_SIDE)
    except ImageNotFound:
        return None
