"""Keeping a case: who sees it, what it is called, how urgent it is, and taking it back."""

from dataclasses import dataclass, replace
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.accounts import queries as accounts
from app.accounts.guards import CaseReader, Visit
from app.actor import Permission
from app.audit import ledger
from app.audit.events import cases_shown
from app.cases import actions, queries
from app.cases.actions import CaseRenamed
from app.cases.rules import (
    KEPT_BY,
    LENGTH_MOST,
    NOTE_LENGTH_MOST,
    UNNAMED,
    may_share,
    parse_accession,
    parse_colleague,
    parse_priority,
    parse_reason,
    parse_subject,
    require_confirmed,
)
from app.cases.tables import CaseRow
from app.db import Database, DbSession, OurDatabase
from app.errors import BlastscreenError, Conflict, Invalid
from app.review import case_actions
from app.screening import actions as screening_actions
from app.screening import mix_up_actions
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Colleague:
    id: str
    name: str


@dataclass(frozen=True)
class Sharing:
    """Whom a case is shared with and whom it could be; shown to who may share it."""

    shared: tuple[Colleague, ...]
    others: tuple[Colleague, ...]


@dataclass(frozen=True)
class TypedCase:
    """What was typed into the forms of this page, or what stands, and what is wrong with it. `named`: the digest of the
    number and subject that the page first showed."""

    accession: str
    subject: str
    named: str
    reason: str = ""
    error_in: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class ManagePage:
    """`kept_by`: who corrects and withdraws a case, for whom it is not."""

    href: str
    number: str
    subject: str
    may_keep: bool
    kept_by: str
    sharing: Sharing | None
    withdrawn: bool
    typed: TypedCase
    identifier_length: int
    reason_length: int


@router.get("/cases/{case_id}/manage")
def manage(request: Request, case_id: UUID, visit: CaseReader, db: DbSession) -> Response:
    page = _page(db, visit, case_id=case_id, where="GET /cases/{id}/manage")
    return render(request, "cases/manage.html", page, frame=visit.frame)


@router.post("/cases/{case_id}/correct")
def correct(request: Request, case_id: UUID, visit: CaseReader, database: OurDatabase, form: CheckedForm) -> Response:
    typed = TypedCase(text(form, "accession"), text(form, "subject"), text(form, "named"))
    try:
        accession, subject = parse_accession(typed.accession), parse_subject(typed.subject)
        with database.writing() as db:
            mix_up_actions.correct_case(
                db, visit.actor, case_id=case_id, accession=accession, subject=subject, named=typed.named
            )
    except CaseRenamed as error:
        typed = replace(typed, named="")
        return _again(request, visit, database, case_id=case_id, typed=typed, error_in="correct", error=error)
    except (Invalid, Conflict) as error:
        return _again(request, visit, database, case_id=case_id, typed=typed, error_in="correct", error=error)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/withdraw")
def withdraw(request: Request, case_id: UUID, visit: CaseReader, database: OurDatabase, form: CheckedForm) -> Response:
    typed = text(form, "reason")
    try:
        reason = parse_reason(typed)
        require_confirmed(text(form, "certain"))
        with database.writing() as db:
            case_actions.withdraw_case(db, visit.actor, case_id=case_id, reason=reason)
    except Invalid as error:
        return _again(request, visit, database, case_id=case_id, reason=typed, error_in="withdraw", error=error)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/priority")
def set_priority(case_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    actions.set_priority(db, visit.actor, case_id=case_id, priority=parse_priority(text(form, "priority")))
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/ask/{screening_id}")
def ask(case_id: UUID, screening_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    """Ask for a human read from the gallery, and stay there."""
    queries.get(db, visit.actor, case_id)
    screening_actions.ask_for_read(db, visit.actor, screening_id=screening_id)
    return RedirectResponse(f"/cases/{case_id}?band=unusable#gallery", status_code=303)


@router.post("/cases/{case_id}/share")
def share(case_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    actions.share_case(db, visit.actor, case_id=case_id, with_id=parse_colleague(text(form, "colleague")))
    return RedirectResponse(f"/cases/{case_id}/manage", status_code=303)


@router.post("/cases/{case_id}/unshare")
def unshare(case_id: UUID, visit: CaseReader, db: DbSession, form: CheckedForm) -> Response:
    actions.unshare_case(db, visit.actor, case_id=case_id, with_id=parse_colleague(text(form, "colleague")))
    return RedirectResponse(f"/cases/{case_id}/manage", status_code=303)


def _again(
    request: Request,
    visit: Visit,
    database: Database,
    *,
    case_id: UUID,
    error_in: str,
    error: BlastscreenError,
    typed: TypedCase | None = None,
    reason: str = "",
) -> Response:
    """The page once more, with what was typed and what is wrong with it."""
    with database.writing() as db:
        page = _page(
            db, visit, case_id=case_id, where=f"POST /cases/{{id}}/{error_in}", typed=typed, reason=reason,
            error_in=error_in, error=error.message,
        )  # fmt: skip
    return show_again(request, "cases/manage.html", page, frame=visit.frame, error=error)


def _page(
    db: Session,
    visit: Visit,
    *,
    case_id: UUID,
    where: str,
    typed: TypedCase | None = None,
    reason: str = "",
    error_in: str | None = None,
    error: str | None = None,
) -> ManagePage:
    case = queries.get(db, visit.actor, case_id)
    ledger.record(db, visit.actor, cases_shown([case.id], where=where))
    stands = typed or TypedCase(case.accession or "", case.subject or "", named="")
    return ManagePage(
        href=f"/cases/{case.id}",
        number=case.accession or UNNAMED,
        subject=case.subject or "not given",
        may_keep=queries.may_keep(db, visit.actor, case),
        kept_by=KEPT_BY,
        sharing=_sharing(db, visit, case=case),
        withdrawn=queries.withdrawal(db, case.id) is not None,
        typed=replace(
            stands, named=stands.named or queries.names_digest(case), reason=reason, error_in=error_in, error=error
        ),
        identifier_length=LENGTH_MOST,
        reason_length=NOTE_LENGTH_MOST,
    )


def _sharing(db: Session, visit: Visit, *, case: CaseRow) -> Sharing | None:
    """Who sees every case anyway is offered nothing."""
    if not may_share(opened_by=case.opened_by, actor_id=visit.actor.id):
        return None
    with_them = queries.shared_with(db, case.id)
    names = accounts.names(db, set(with_them))
    see_all = {one.id for one in accounts.people_who_may(db, Permission.SEE_EVERY_CASE)}
    people = accounts.people_who_may(db, Permission.SEE_OWN)
    left_out = {*with_them, *see_all, visit.actor.id}
    return Sharing(
        shared=tuple(Colleague(str(one), names[one]) for one in with_them),
        others=tuple(Colleague(str(one.id), one.name) for one in people if one.id not in left_out),
    )
