"""Where a senior closes a case by name: the list of what can be signed, and the page of one case."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.accounts import proof_actions, sign_in_actions
from app.accounts import queries as accounts
from app.accounts.guards import Signer, Visit, address_of
from app.accounts.oidc_actions import Provider
from app.accounts.proof_actions import ProofMissing
from app.accounts.sign_in_actions import MustWait, SignInRefused
from app.audit import ledger
from app.audit.events import Act, Event, cases_shown
from app.cases import queries as cases
from app.cases.rules import masked_apart
from app.cases.tables import CaseRow
from app.db import Database, OurDatabase
from app.errors import BlastscreenError
from app.policy import queries as policies
from app.reports import actions, listing_queries, queries, rules, sheet_view, words
from app.reports.actions import CaseChanged, MeaningMissing, NotToBeSigned, Signing
from app.reports.sheet import Sheet
from app.web.csrf import CheckedForm, text
from app.web.errors import remember, show_again
from app.web.paging import PageNumber, Paging
from app.web.templating import render

router = APIRouter(include_in_schema=False)
A_PAGE = 50
LATELY = 10
MISTAKES = (MeaningMissing, NotToBeSigned, CaseChanged, ProofMissing, SignInRefused, MustWait)
"""What brings the signer back to the page."""


@dataclass(frozen=True)
class ToSignLine:
    href: str
    number: str
    opened: datetime
    cells: int
    suspected: int


@dataclass(frozen=True)
class SignedLine:
    href: str
    number: str
    version: str
    at: datetime


@dataclass(frozen=True)
class ToSignPage:
    cases: tuple[ToSignLine, ...]
    newer: str | None
    older: str | None
    lately: tuple[SignedLine, ...]


@dataclass(frozen=True)
class Choice:
    code: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class SignForm:
    """`provider`: where who has no password here proves who they are, and what that is called; `proved`: done so."""

    action: str
    seen: str
    name: str
    meanings: tuple[Choice, ...]
    provider: str | None
    provider_href: str
    proved: bool


@dataclass(frozen=True)
class SignOffPage:
    sheet: Sheet
    case: str
    report: str
    state: str
    tone: str
    blocks: tuple[str, ...]
    form: SignForm | None
    error: str | None


@router.get("/sign-off")
def to_sign(request: Request, visit: Signer, database: OurDatabase, page: PageNumber = 1) -> Response:
    """Made while nobody waits for a lock, however many cases there are; then the event of those that it shows."""
    with database.snapshot() as session:
        content, shown = _to_sign_page(session, number=page)
    if shown:
        with database.writing() as session:
            ledger.record(session, visit.actor, cases_shown(shown, where="GET /sign-off"))
    return render(request, "reports/to_sign.html", content, frame=visit.frame)


def _to_sign_page(db: Session, *, number: int) -> tuple[ToSignPage, list[UUID]]:
    """With the cases that it shows."""
    paging = Paging("/sign-off", number, A_PAGE)
    found = listing_queries.to_sign(db, offset=paging.offset, limit=paging.limit)
    shown, lately = paging.shown(found), listing_queries.signed_lately(db, limit=LATELY)
    numbers = masked_apart({case.id: case.accession for case in (*shown, *(case for case, _ in lately))})
    counts = listing_queries.count_by_call(db, [case.id for case in shown])
    page = ToSignPage(
        cases=tuple(_line(case, counts[case.id], number=numbers[case.id]) for case in shown),
        newer=paging.newer,
        older=paging.older(found),
        lately=tuple(
            SignedLine(
                href=f"/cases/{case.id}/versions/{version.number}",
                number=numbers[case.id],
                version=f"{version.number}, {version.status}",
                at=version.at,
            )
            for case, version in lately
        ),
    )
    return page, list(numbers)


def _line(case: CaseRow, counts: dict[str, int], *, number: str) -> ToSignLine:
    return ToSignLine(
        href=f"/cases/{case.id}/sign-off",
        number=number,
        opened=case.opened_at,
        cells=sum(counts.values()),
        suspected=counts.get("suspected", 0),
    )


@router.get("/cases/{case_id}/sign-off")
def sign_off(request: Request, case_id: UUID, visit: Signer, database: OurDatabase) -> Response:
    page = _page(request, visit, database, case_id=case_id, where="GET /cases/{id}/sign-off")
    return render(request, "reports/sign_off.html", page, frame=visit.frame)


@router.post("/cases/{case_id}/sign-off")
def sign(request: Request, case_id: UUID, visit: Signer, database: OurDatabase, form: CheckedForm) -> Response:
    """Back to the page with what was wrong; what was chosen is kept, the password never."""
    signing = Signing(meaning=text(form, "meaning"), seen=text(form, "seen"))
    address = address_of(request)
    try:
        by_provider = _by_provider(request, database, visit)
        if not by_provider:
            with database.reading() as session:  # a password takes its time, and must not hold the writers up
                password = text(form, "password")
                sign_in_actions.check_own_password(session, visit.actor, password=password, address=address)
        with database.writing() as session:
            if by_provider:
                prove = partial(
                    proof_actions.spend, session, visit.actor, token=visit.token, purpose=purpose_of(case_id)
                )
            else:
                prove = partial(proof_actions.by_password, session, visit.actor, address=address)
            actions.sign_case(session, visit.actor, case_id=case_id, signing=signing, prove=prove)
    except MISTAKES as error:
        remember(request, error)  # whatever keeps the page from being shown again
        page = _page(
            request, visit, database, case_id=case_id, where="POST /cases/{id}/sign-off", error=error,
            chosen=signing.meaning,
        )  # fmt: skip
        return show_again(request, "reports/sign_off.html", page, frame=visit.frame, error=error)
    return RedirectResponse(f"/cases/{case_id}/report", status_code=303)


@router.get("/cases/{case_id}/sign-off/provider")
def go_to_provider(request: Request, case_id: UUID, visit: Signer, database: OurDatabase) -> Response:
    """Off to the hospital's provider, to sign in there once more. A link, not a form: the content security policy lets
    no form lead to another host."""
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise ProofMissing("This service has no sign-in provider. Sign with your password.")
    address, attempt = provider.begin(onward=f"/cases/{case_id}/sign-off", afresh=True)
    with database.writing() as session:
        cases.get(session, visit.actor, case_id)
        proof_actions.ask_provider(
            session, visit.actor, token=visit.token, attempt=attempt, purpose=purpose_of(case_id)
        )
    return RedirectResponse(address, status_code=303)


def purpose_of(case_id: UUID) -> str:
    return f"sign_off:{case_id}"


def _by_provider(request: Request, database: Database, visit: Visit) -> bool:
    """Whoever came here through the provider has no password of ours."""
    if request.app.state.provider is None:
        return False
    with database.reading() as session:
        return accounts.has_identity(session, visit.actor.id)


def _page(
    request: Request,
    visit: Visit,
    database: Database,
    *,
    case_id: UUID,
    where: str,
    error: BlastscreenError | None = None,
    chosen: str = "",
) -> SignOffPage:
    by_provider = _by_provider(request, database, visit)
    with database.snapshot() as session:
        page = _content(request, session, visit, case_id=case_id, by_provider=by_provider, error=error, chosen=chosen)
    with database.writing() as session:
        ledger.record(
            session, visit.actor, Event(Act.REPORT_SHOWN, "case", str(case_id), {"where": where, "version": 0})
        )
    return page


def _content(
    request: Request,
    session: Session,
    visit: Visit,
    *,
    case_id: UUID,
    by_provider: bool,
    error: BlastscreenError | None,
    chosen: str,
) -> SignOffPage:
    case = cases.get(session, visit.actor, case_id)
    standing = queries.standing_of(session, case, policy=policies.current(session))
    queries.require_own_reads(session, visit.actor, standing)
    own = rules.signs_own_upload(visit.actor.id, submitters=queries.submitters(session, case_id))
    blocks = (*standing.blocks, *((words.OWN_UPLOAD,) if own else ()))
    provider: Provider | None = request.app.state.provider
    purpose = purpose_of(case_id)
    form = SignForm(
        action=f"/cases/{case_id}/sign-off",
        seen=standing.seen,
        name=visit.actor.name,
        meanings=tuple(
            Choice(code, meaning.words, code == chosen)
            for code, meaning in rules.meanings_for(earlier_versions=len(standing.versions)).items()
        ),
        provider=provider.name if provider and by_provider else None,
        provider_href=f"/cases/{case_id}/sign-off/provider",
        proved=accounts.proof_to_spend(session, visit.actor.id, token=visit.token, purpose=purpose) is not None,
    )
    return SignOffPage(
        sheet=sheet_view.sheet_of_case(session, case, standing),
        case=f"/cases/{case_id}",
        report=f"/cases/{case_id}/report",
        state=words.STATES[standing.state],
        tone=words.TONES[standing.state],
        blocks=blocks,
        form=None if blocks else form,
        error=error.message if error else None,
    )
