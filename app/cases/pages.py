"""Cases: the list, and finding one by its number (which never stands in an address)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app import clock
from app.accounts.guards import CaseReader, Visit
from app.actor import Actor, Permission
from app.audit import ledger
from app.audit.events import cases_shown
from app.cases import queries
from app.cases.queries import CaseNotFound
from app.cases.rules import (
    UnusableIdentifier,
    Which,
    Whose,
    masked_apart,
    parse_accession,
    parse_which,
    parse_whose,
)
from app.cases.tables import CaseRow
from app.db import Database, OurDatabase
from app.gallery import listing_queries as listing
from app.gallery import words as gallery_words
from app.gallery.listing_queries import Asked, Summary
from app.gallery.rules import Group
from app.policy import queries as policies
from app.reports import words
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.paging import PageNumber, Paging
from app.web.templating import Link, render

router = APIRouter(include_in_schema=False)
CASES_A_PAGE = 50
WHOSE = {
    Whose.ALL: "All that you see",
    Whose.MINE: "Opened by you",
    Whose.SHARED: "Shared with you",
    Whose.LAB: "From the lab",
}
WHICH = {
    Which.STANDING: "Standing",
    Which.UNSIGNED: "Not signed",
    Which.URGENT: "Urgent",
    Which.OVERDUE: "Overdue",
    Which.WITHDRAWN: "Withdrawn",
}


@dataclass(frozen=True)
class CaseLine:
    href: str
    number: str
    opened: datetime
    state: str
    tone: str
    added_to: bool
    corrected: bool
    urgent: bool
    overdue: bool
    counts: tuple[int, ...]


@dataclass(frozen=True)
class CasesPage:
    whose: tuple[Link, ...]
    which: tuple[Link, ...]
    groups: tuple[tuple[str, str], ...]
    cases: tuple[CaseLine, ...]
    turnaround_hours: int
    filtered: bool
    may_upload: bool
    newer: str | None
    older: str | None
    sought: str = ""
    error: str | None = None


@router.get("/cases")
def cases(
    request: Request,
    visit: CaseReader,
    database: OurDatabase,
    whose: str = "all",
    which: str = "standing",
    page: PageNumber = 1,
) -> Response:
    lists = (parse_whose(whose), parse_which(which))
    shown = _cases_page(database, visit, lists=lists, number=page, where="GET /cases")
    return render(request, "cases/cases.html", shown, frame=visit.frame)


@router.post("/cases/find")
def find(request: Request, visit: CaseReader, database: OurDatabase, form: CheckedForm) -> Response:
    sought = text(form, "number")
    try:
        with database.reading() as session:
            case = _numbered(session, visit.actor, sought)
    except (UnusableIdentifier, CaseNotFound) as error:
        lists, where, told = (Whose.ALL, Which.STANDING), "POST /cases/find", error.message
        shown = _cases_page(database, visit, lists=lists, number=1, where=where, sought=sought[:100], error=told)
        return show_again(request, "cases/cases.html", shown, frame=visit.frame, error=error)
    return RedirectResponse(f"/cases/{case.id}", status_code=303)


def _numbered(db: Session, actor: Actor, sought: str) -> CaseRow:
    accession = parse_accession(sought)
    case = queries.by_accession(db, accession) if accession else None
    if case is None or not queries.may_see(db, actor, case.id):
        raise CaseNotFound(
            "No case of yours has this number. Lists show only the end of a number: type the whole one, or look "
            "through the list."
        )
    return case


def _cases_page(
    database: Database,
    visit: Visit,
    *,
    lists: tuple[Whose, Which],
    number: int,
    where: str,
    sought: str = "",
    error: str | None = None,
) -> CasesPage:
    """Made while nobody waits for a lock, however many cases there are; then the event of those that it shows."""
    with database.snapshot() as session:
        page, shown = _listed(session, visit, lists=lists, number=number, sought=sought, error=error)
    if shown:
        with database.writing() as session:
            ledger.record(session, visit.actor, cases_shown(shown, where=where))
    return page


def _listed(
    db: Session, visit: Visit, *, lists: tuple[Whose, Which], number: int, sought: str, error: str | None
) -> tuple[CasesPage, list[UUID]]:
    """With the cases that it shows."""
    whose, which = lists
    policy = policies.current(db)
    overdue_before = clock.now() - policy.turnaround
    paging = Paging("/cases", number, CASES_A_PAGE, _query(whose, which))
    asked = Asked(whose, which, overdue_before)
    found = listing.listed(db, visit.actor, asked, offset=paging.offset, limit=paging.limit)
    shown = paging.shown(found)
    summaries = listing.summaries(db, visit.actor, shown)
    numbers = masked_apart({case.id: case.accession for case in shown})
    groups = [one for one in Group if one is not Group.READING or visit.actor.may(Permission.READ)]
    page = CasesPage(
        whose=tuple(_link(told, one, which, current=one is whose) for one, told in WHOSE.items()),
        which=tuple(_link(told, whose, one, current=one is which) for one, told in WHICH.items()),
        groups=tuple((one.value, gallery_words.GROUPS[one]) for one in groups),
        cases=tuple(
            _line(case, summaries[case.id], number=numbers[case.id], groups=groups, overdue_before=overdue_before)
            for case in shown
        ),
        turnaround_hours=policy.turnaround_hours,
        filtered=lists != (Whose.ALL, Which.STANDING),
        may_upload=visit.actor.may(Permission.SCREEN),
        newer=paging.newer,
        older=paging.older(found),
        sought=sought,
        error=error,
    )
    return page, [case.id for case in shown]


def _query(whose: Whose, which: Which) -> tuple[tuple[str, str], ...]:
    asked = (("whose", whose.value, Whose.ALL.value), ("which", which.value, Which.STANDING.value))
    return tuple((name, value) for name, value, default in asked if value != default)


def _link(title: str, whose: Whose, which: Which, *, current: bool) -> Link:
    query = "&".join(f"{name}={value}" for name, value in _query(whose, which))
    return Link(title, f"/cases?{query}" if query else "/cases", current)


def _line(case: CaseRow, told: Summary, *, number: str, groups: list[Group], overdue_before: datetime) -> CaseLine:
    return CaseLine(
        href=f"/cases/{case.id}",
        number=number,
        opened=case.opened_at,
        state=words.STATES[told.state],
        tone=words.tone(told.state, stands=told.signed.stands),
        added_to=told.signed.added_to,
        corrected=told.signed.corrected,
        urgent=told.urgent,
        overdue=told.waiting_since is not None and told.waiting_since < overdue_before,
        counts=tuple(told.groups[group] for group in groups),
    )
