"""Cases: the list, one case, and finding one by its number (which never stands in an address)."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.accounts import queries as accounts
from app.accounts.guards import CaseReader, Visit
from app.actor import Permission
from app.audit import ledger
from app.audit.events import cases_shown, results_shown
from app.cases import actions, queries
from app.cases.rules import UNNAMED, UnusableIdentifier, masked, may_share, parse_accession, parse_colleague
from app.cases.tables import CaseRow
from app.db import DbSession
from app.review import queries as reviews
from app.review import words as review_words
from app.screening import queries as screenings
from app.screening import words
from app.web.csrf import CheckedForm, text
from app.web.paging import Paging
from app.web.templating import render

router = APIRouter(include_in_schema=False)
CASES_A_PAGE = 50
CELLS_A_PAGE = 60
PageNumber = Annotated[int, Query(ge=1, le=100_000)]


@dataclass(frozen=True)
class CaseLine:
    href: str
    number: str
    opened: str
    suspected: int
    uncertain: int
    not_suspected: int
    unusable: int


@dataclass(frozen=True)
class CasesPage:
    cases: tuple[CaseLine, ...]
    newer: str | None
    older: str | None
    sought: str = ""
    error: str | None = None


@dataclass(frozen=True)
class CellTile:
    href: str
    thumbnail: str
    short_id: str
    band: str
    band_code: str
    probability: str
    review: str


@dataclass(frozen=True)
class Colleague:
    id: str
    name: str


@dataclass(frozen=True)
class Sharing:
    """Whom a case is shared with and whom it could be; shown to who may share it."""

    share: str
    unshare: str
    shared: tuple[Colleague, ...]
    others: tuple[Colleague, ...]


@dataclass(frozen=True)
class CasePage:
    number: str
    subject: str
    opened: str
    counts: tuple[tuple[str, str, int], ...]
    cells: tuple[CellTile, ...]
    newer: str | None
    older: str | None
    sharing: Sharing | None


@router.get("/cases")
def cases(request: Request, visit: CaseReader, db: DbSession, page: PageNumber = 1) -> Response:
    shown = _cases_page(db, visit, number=page, where="GET /cases")
    return render(request, "cases/cases.html", shown, frame=visit.frame)


@router.post("/cases/find")
def find(request: Request, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    sought = text(form, "number")
    try:
        accession = parse_accession(sought)
        case = queries.by_accession(db, accession) if accession else None
        error = "No case of yours has this number. Check it, or look through the list."
    except UnusableIdentifier as unusable:
        case, error = None, unusable.message
    if case is not None and queries.may_see(db, visit.actor, case.id):
        return RedirectResponse(f"/cases/{case.id}", status_code=303)
    shown = _cases_page(db, visit, number=1, where="POST /cases/find", sought=sought[:100], error=error)
    return render(request, "cases/cases.html", shown, frame=visit.frame, status=404)


def _cases_page(
    db: Session, visit: Visit, *, number: int, where: str, sought: str = "", error: str | None = None
) -> CasesPage:
    paging = Paging("/cases", number, CASES_A_PAGE)
    found = queries.newest(db, visit.actor, offset=paging.offset, limit=paging.limit)
    shown = paging.shown(found)
    if shown:
        ledger.record(db, visit.actor, cases_shown([case.id for case in shown], where=where))
    counts = screenings.count_by_band(db, [case.id for case in shown])
    return CasesPage(
        cases=tuple(_case_line(case, counts[case.id]) for case in shown),
        newer=paging.newer,
        older=paging.older(found),
        sought=sought,
        error=error,
    )


def _case_line(case: CaseRow, counts: dict[str, int]) -> CaseLine:
    return CaseLine(
        href=f"/cases/{case.id}",
        number=masked(case.accession) if case.accession else UNNAMED,
        opened=words.when(case.opened_at),
        suspected=counts.get("suspected", 0),
        uncertain=counts.get("uncertain", 0),
        not_suspected=counts.get("not_suspected", 0),
        unusable=counts.get("unusable", 0),
    )


@router.get("/cases/{case_id}")
def case(request: Request, case_id: UUID, visit: CaseReader, db: DbSession, page: PageNumber = 1) -> Response:
    found = queries.get(db, visit.actor, case_id)
    paging = Paging(f"/cases/{case_id}", page, CELLS_A_PAGE)
    rows = screenings.of_case(db, case_id, offset=paging.offset, limit=paging.limit)
    shown = paging.shown(rows)
    ledger.record(db, visit.actor, results_shown([row.id for row in shown], where="GET /cases/{id}", case=case_id))
    made = reviews.reviews_of(db, shown)
    counts = screenings.count_by_band(db, [case_id])[case_id]
    bands = [*((band.value, told) for band, told in words.BANDS.items()), ("unusable", words.UNUSABLE)]
    content = CasePage(
        number=found.accession or UNNAMED,
        subject=found.subject or "not given",
        opened=words.when(found.opened_at),
        counts=tuple((code, told, counts.get(code, 0)) for code, told in bands),
        cells=tuple(
            CellTile(
                href=f"/screenings/{row.id}",
                thumbnail=f"/screenings/{row.id}/thumbnail/192",
                short_id=words.short_id(row),
                band=words.band(row),
                band_code=words.band_code(row),
                probability=words.probability(row),
                review=review_words.review(made[row.id]),
            )
            for row in shown
        ),
        newer=paging.newer,
        older=paging.older(rows),
        sharing=_sharing(db, visit, case=found),
    )
    return render(request, "cases/case.html", content, frame=visit.frame)


def _sharing(db: Session, visit: Visit, *, case: CaseRow) -> Sharing | None:
    if not may_share(opened_by=case.opened_by, actor_id=visit.actor.id):
        return None
    with_them = queries.shared_with(db, case.id)
    names = accounts.names(db, set(with_them))
    people = accounts.people_who_may(db, Permission.SEE_OWN)
    return Sharing(
        share=f"/cases/{case.id}/share",
        unshare=f"/cases/{case.id}/unshare",
        shared=tuple(Colleague(str(one), names[one]) for one in with_them),
        others=tuple(Colleague(str(one.id), one.name) for one in people if one.id not in {*with_them, visit.actor.id}),
    )


@router.post("/cases/{case_id}/share")
def share(case_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    actions.share_case(db, visit.actor, case_id=case_id, with_id=parse_colleague(text(form, "colleague")))
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/unshare")
def unshare(case_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    actions.unshare_case(db, visit.actor, case_id=case_id, with_id=parse_colleague(text(form, "colleague")))
    return RedirectResponse(f"/cases/{case_id}", status_code=303)
