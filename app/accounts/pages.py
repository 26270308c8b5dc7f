"""Signing in, in one step or two, and signing out."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts import actions, sign_in_actions
from app.accounts.guards import LINKS_COOKIE, Visitor
from app.accounts.oidc_actions import Provider
from app.accounts.sign_in_actions import Entered, HalfSignInSpent, MustWait, SignInRefused
from app.accounts.strangers import AnyStranger, Stranger, let_in, with_visit
from app.db import DbSession, OurDatabase
from app.errors import BlastscreenError
from app.web import csrf
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.onward import inside
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class SignInPage:
    """`provider`: what else one can sign in by, where there is something."""

    next: str
    provider: str | None
    username: str = ""
    error: str | None = None


@dataclass(frozen=True)
class CodePage:
    next: str
    half: str
    error: str | None = None


@router.get("/sign-in")
def sign_in_form(request: Request, who: AnyStranger, next: str = "/") -> Response:  # noqa: A002  the field's usual name
    return with_visit(
        request, who, render(request, "accounts/sign_in.html", _page(request, inside(next)), frame=who.frame)
    )


def _page(request: Request, onward: str, *, username: str = "", error: BlastscreenError | None = None) -> SignInPage:
    provider: Provider | None = request.app.state.provider
    name = provider.name if provider else None
    return SignInPage(onward, name, username=username, error=error.message if error else None)


@router.post("/sign-in")
def sign_in(request: Request, who: AnyStranger, database: OurDatabase, form: CheckedForm) -> Response:
    username, onward = text(form, "username"), inside(text(form, "next"))
    try:
        with database.reading() as session:  # a password takes its time, and must not hold the writers up
            user = sign_in_actions.authenticate(
                session, username=username, password=text(form, "password"), address=who.address
            )
        with database.writing() as session:
            entered = sign_in_actions.enter(session, user, address=who.address, browser=who.browser, ends=who.session)
    except (SignInRefused, MustWait, HalfSignInSpent) as error:
        page = _page(request, onward, username=username, error=error)
        return _again(request, who, template="accounts/sign_in.html", page=page, error=error)
    return _onward(request, who, entered, onward=onward)


@router.post("/sign-in/code")
def second_step(request: Request, who: AnyStranger, database: OurDatabase, form: CheckedForm) -> Response:
    half, onward = text(form, "half"), inside(text(form, "next"))
    try:
        with database.writing() as session:
            entered = sign_in_actions.enter_by_code(
                session,
                half=half,
                code=text(form, "code"),
                address=who.address,
                browser=who.browser,
                ends=who.session,
            )
    except HalfSignInSpent as error:
        page: SignInPage | CodePage = _page(request, onward, error=error)
        return _again(request, who, template="accounts/sign_in.html", page=page, error=error)
    except (SignInRefused, MustWait) as error:
        page = CodePage(onward, half, error=error.message)
        return _again(request, who, template="accounts/sign_in_code.html", page=page, error=error)
    return _onward(request, who, entered, onward=onward)


def _onward(request: Request, who: Stranger, entered: Entered, *, onward: str) -> Response:
    if entered.whole:
        return let_in(request, token=entered.token, onward=onward)
    return render(request, "accounts/sign_in_code.html", CodePage(onward, entered.token), frame=who.frame)


def _again(
    request: Request,
    who: Stranger,
    *,
    template: str,
    page: SignInPage | CodePage,
    error: BlastscreenError,
) -> Response:
    return with_visit(request, who, show_again(request, template, page, frame=who.frame, error=error))


@router.post("/sign-out")
def sign_out(request: Request, visit: Visitor, db: DbSession, form: CheckedForm) -> Response:
    actions.close_session(db, visit.actor, token=visit.token)
    reply = RedirectResponse("/sign-in", status_code=303, headers={"clear-site-data": '"cache", "cookies", "storage"'})
    reply.delete_cookie(csrf.SESSION_COOKIE)
    reply.delete_cookie(LINKS_COOKIE)
    return reply
