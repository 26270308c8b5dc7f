"""The ledger and the access log of one subject, for auditors; looking at either is itself an event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.accounts import queries as accounts
from app.accounts.guards import Auditor, Visit
from app.actor import Actor
from app.audit import ledger, queries
from app.audit.events import SEVERAL, Act, Event, Value
from app.audit.tables import LedgerRow
from app.cases import queries as cases
from app.cases.queries import CaseNotFound
from app.cases.rules import UnusableIdentifier, parse_accession
from app.cases.tables import CaseRow
from app.db import Database, DbSession, OurDatabase
from app.review import queries as reviews
from app.screening import queries as screenings
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
A_PAGE = 100
SUBJECT_LINES_MOST = 1000
POSITION_MOST = 2**63 - 1  # that databases keep


@dataclass(frozen=True)
class LedgerLine:
    """`shown`: what a reply showed, where that was several, and how many in words."""

    position: int
    at: datetime
    actor: str
    act: str
    about: str
    detail: str
    shown: tuple[str, ...]
    shown_told: str
    hash: str


@dataclass(frozen=True)
class LedgerPage:
    lines: tuple[LedgerLine, ...]
    older: str | None
    head: str


@dataclass(frozen=True)
class SubjectPage:
    """Who did or was shown what, in every case of one subject."""

    sought: str
    cases: int
    lines: tuple[LedgerLine, ...]
    more: bool
    error: str | None = None


@router.get("/audit")
def show(
    request: Request, visit: Auditor, db: DbSession, before: Annotated[int | None, Query(ge=1, le=POSITION_MOST)] = None
) -> Response:
    rows = queries.page(db, before=before, limit=A_PAGE)
    head = queries.head(db)
    span = f"{rows[-1].position}-{rows[0].position}" if rows else "none"
    ledger.record(db, visit.actor, Event(Act.LEDGER_SHOWN, "ledger", span))
    older = f"/audit?before={rows[-1].position}" if rows and rows[-1].position > 1 else None
    page = LedgerPage(_lines(db, visit.actor, rows), older, head.hash if head else "–")
    return render(request, "audit/ledger.html", page, frame=visit.frame)


@router.post("/audit/subject")
def subject_log(request: Request, visit: Auditor, database: OurDatabase, form: CheckedForm) -> Response:
    """Everything that was done with one subject's cases, found by a case number. A POST: no number stands in a URL.

    The whole ledger is looked through, while nobody waits for a lock; then comes the event of it."""
    sought = text(form, "number")
    try:
        with database.snapshot() as session:
            page, looked = _subject(session, visit, _numbered(session, sought), sought=sought)
    except (UnusableIdentifier, CaseNotFound) as error:
        _remember(database, visit, Event(Act.SUBJECT_LOG_SHOWN, "case", "none"))
        page = SubjectPage(sought[:100], 0, (), more=False, error=error.message)
        return show_again(request, "audit/subject.html", page, frame=visit.frame, error=error)
    _remember(database, visit, looked)
    return render(request, "audit/subject.html", page, frame=visit.frame)


def _remember(database: Database, visit: Visit, looked: Event) -> None:
    with database.writing() as session:
        ledger.record(session, visit.actor, looked)


def _numbered(session: Session, sought: str) -> CaseRow:
    accession = parse_accession(sought)
    case = cases.by_accession(session, accession) if accession else None
    if case is None:
        raise CaseNotFound("There is no case of this number.")
    return case


def _subject(session: Session, visit: Visit, case: CaseRow, *, sought: str) -> tuple[SubjectPage, Event]:
    theirs = [one.id for one in cases.of_same_subject(session, case)]
    rows = queries.about(
        session,
        case_ids=[str(one) for one in theirs],
        screening_ids=[str(one) for one in screenings.ids_in_cases(session, theirs)],
        limit=SUBJECT_LINES_MOST + 1,
    )
    shown = rows[:SUBJECT_LINES_MOST]
    detail: dict[str, Value] = {"cases": len(theirs), "events": len(shown)}
    lines = _lines(session, visit.actor, shown)
    page = SubjectPage(sought.strip(), len(theirs), lines, more=len(rows) > len(shown))
    return page, Event(Act.SUBJECT_LOG_SHOWN, "case", str(case.id), detail)


def _lines(session: Session, actor: Actor, rows: list[LedgerRow]) -> tuple[LedgerLine, ...]:
    """An auditor who reads cells as well is not told what the model made of one that they have yet to read blind, nor
    what another reader found in one that they have yet to read."""
    names = accounts.names(session, {row.actor_id for row in rows})
    cells = {row.position: _cell(row) for row in rows}
    every = {cell for cell in cells.values() if cell}
    untold = {
        "outcome": reviews.hidden_from(session, actor, every),
        "verdict": reviews.reads_due_from(session, actor, every),
    }
    shown = {row.position: _several_shown(row) for row in rows}
    return tuple(
        LedgerLine(
            position=row.position,
            at=row.at,
            actor=names.get(row.actor_id, str(row.actor_id)),
            act=row.act,
            about=f"{row.object_kind} {row.object_id}",
            detail=", ".join(
                f"{name}: {'for reading' if cells[row.position] in untold.get(name, ()) else _told(value)}"
                for name, value in sorted(row.detail.items())
                if not (name == "shown" and shown[row.position])
            ),
            shown=shown[row.position],
            shown_told=f"{len(shown[row.position])} {row.object_kind}s",
            hash=row.hash[:12],
        )
        for row in rows
    )


def _cell(row: LedgerRow) -> UUID | None:
    told = row.object_id if row.object_kind == "screening" else row.detail.get("screening")
    return UUID(str(told)) if told and told != SEVERAL else None


def _several_shown(row: LedgerRow) -> tuple[str, ...]:
    return tuple(str(one) for one in row.detail["shown"]) if row.object_id == SEVERAL else ()


def _told(value: object) -> str:
    return " ".join(str(one) for one in value) if isinstance(value, list) else str(value)
