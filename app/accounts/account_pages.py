"""One's own account: where one is signed in, the password, the second step."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app import clock
from app.accounts import actions, authenticator, password_actions, queries, secrets, sign_in_actions
from app.accounts import second_step_actions as second_step
from app.accounts.guards import Visit, Visitor, address_of, lives
from app.accounts.password_rules import PASSWORD_LENGTH_LEAST, UnusablePassword, check_password
from app.accounts.second_step_actions import WrongCode
from app.accounts.sign_in_actions import MustWait, SignInRefused
from app.db import DbSession, OurDatabase
from app.errors import BlastscreenError
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
LINKS_SHOWN = 10


@dataclass(frozen=True)
class SessionLine:
    browser: str
    since: datetime
    seen: datetime
    is_this: bool
    end: str


@dataclass(frozen=True)
class LinkLine:
    at: datetime
    made_by: str


@dataclass(frozen=True)
class AccountPage:
    """`links`: by which the password was chosen, the newest first."""

    name: str
    username: str
    roles: tuple[str, ...]
    sessions: tuple[SessionLine, ...]
    second_step_on: bool
    recovery_codes: int
    password_length: int
    links: tuple[LinkLine, ...]
    error: str | None
    told: str | None


@dataclass(frozen=True)
class SecondStepPage:
    """`qr`: the path of the code's dark squares on a square of `side`."""

    secret: str
    qr: str
    side: int
    error: str | None


@dataclass(frozen=True)
class RecoveryCodesPage:
    codes: tuple[str, ...]


@router.get("/account")
def account(request: Request, visit: Visitor, db: DbSession) -> Response:
    return render(request, "accounts/account.html", _account(request, db, visit), frame=visit.frame)


@router.get("/account/alive", status_code=204)
def alive(visit: Visitor) -> None:
    """Asked by a page whose reader is active: the session lives on, or the page learns that it does not."""


def _account(
    request: Request, session: Session, visit: Visit, *, error: BlastscreenError | None = None, told: str | None = None
) -> AccountPage:
    user = queries.user(session, visit.actor.id)
    now = clock.now()
    this = secrets.token_sha256(visit.token)
    links = queries.links_used(session, user.actor_id)[:LINKS_SHOWN]
    names = queries.names(session, {one.made_by for one in links})
    return AccountPage(
        name=visit.actor.name,
        username=user.username,
        roles=tuple(row.role for row in user.roles),
        sessions=tuple(
            SessionLine(
                browser=row.browser or "A browser",
                since=row.created_at,
                seen=row.last_seen_at,
                is_this=row.token_sha256 == this,
                end=f"/account/sessions/{row.id}/end",
            )
            for row in queries.sessions_of(session, user.actor_id)
            if lives(row, settings=request.app.state.settings, now=now)
        ),
        second_step_on=queries.second_step_is_on(session, user.actor_id),
        recovery_codes=len(queries.recovery_codes(session, user.actor_id)),
        password_length=PASSWORD_LENGTH_LEAST,
        links=tuple(LinkLine(one.at, names[one.made_by]) for one in links),
        error=error.message if error else None,
        told=told,
    )


def _account_again(
    request: Request, visit: Visit, database: OurDatabase, *, error: SignInRefused | MustWait | UnusablePassword
) -> Response:
    with database.reading() as session:
        page = _account(request, session, visit, error=error)
    return show_again(request, "accounts/account.html", page, frame=visit.frame, error=error)


@router.post("/account/sessions/{session_id}/end")
def end_session(session_id: UUID, visit: Visitor, db: DbSession, form: CheckedForm) -> Response:
    actions.end_session(db, visit.actor, session_id=session_id)
    return RedirectResponse("/account", status_code=303)


@router.post("/account/password")
def change_password(request: Request, visit: Visitor, database: OurDatabase, form: CheckedForm) -> Response:
    new = text(form, "new_password")
    try:
        _prove(request, visit, database, password=text(form, "password"))
        with database.reading() as session:
            username = queries.user(session, visit.actor.id).username
        check_password(new, username=username, common=secrets.common_words())
    except (SignInRefused, MustWait, UnusablePassword) as error:
        return _account_again(request, visit, database, error=error)
    password_hash = secrets.hash_password(new)
    with database.writing() as session:
        password_actions.change_password(session, visit.actor, password_hash=password_hash, keeps=visit.token)
        page = _account(request, session, visit, told="Your password is changed. Everywhere else you are signed out.")
    return render(request, "accounts/account.html", page, frame=visit.frame)


def _prove(request: Request, visit: Visit, database: OurDatabase, *, password: str) -> None:
    """Raises SignInRefused or MustWait."""
    with database.reading() as session:
        sign_in_actions.check_own_password(session, visit.actor, password=password, address=address_of(request))


@router.post("/account/second-step")
def begin_second_step(request: Request, visit: Visitor, database: OurDatabase, form: CheckedForm) -> Response:
    try:
        _prove(request, visit, database, password=text(form, "password"))
    except (SignInRefused, MustWait) as error:
        return _account_again(request, visit, database, error=error)
    with database.writing() as session:
        second_step.begin(session, visit.actor)
        page = _second_step(session, visit)
    return render(request, "accounts/second_step.html", page, frame=visit.frame)


def _second_step(session: Session, visit: Visit, *, error: WrongCode | None = None) -> SecondStepPage:
    secret = queries.second_step_begun(session, visit.actor.id).secret
    username = queries.user(session, visit.actor.id).username
    path, side = authenticator.qr_path(authenticator.address(secret, username=username))
    return SecondStepPage(secret=secret, qr=path, side=side, error=error.message if error else None)


@router.post("/account/second-step/confirm")
def confirm_second_step(request: Request, visit: Visitor, database: OurDatabase, form: CheckedForm) -> Response:
    try:
        with database.writing() as session:
            codes = second_step.confirm(session, visit.actor, code=text(form, "code"))
    except WrongCode as error:
        with database.reading() as session:
            page = _second_step(session, visit, error=error)
        return show_again(request, "accounts/second_step.html", page, frame=visit.frame, error=error)
    return render(request, "accounts/recovery_codes.html", RecoveryCodesPage(tuple(codes)), frame=visit.frame)


@router.post("/account/second-step/off")
def second_step_off(request: Request, visit: Visitor, database: OurDatabase, form: CheckedForm) -> Response:
    try:
        _prove(request, visit, database, password=text(form, "password"))
    except (SignInRefused, MustWait) as error:
        return _account_again(request, visit, database, error=error)
    with database.writing() as session:
        second_step.turn_off(session, visit.actor, user_id=visit.actor.id)
    return RedirectResponse("/account", status_code=303)
