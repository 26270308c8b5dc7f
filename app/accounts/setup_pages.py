"""One-time links: the first administrator, and a password chosen by whom an administrator gave a link."""

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts import actions, password_actions, rules, secrets
from app.accounts.password_rules import PASSWORD_LENGTH_LEAST, UnusablePassword, check_password
from app.accounts.strangers import AnyStranger, let_in, with_visit
from app.db import DbSession, OurDatabase
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class SetupPage:
    token: str
    username: str = ""
    name: str = ""
    password_length: int = PASSWORD_LENGTH_LEAST
    error: str | None = None


@dataclass(frozen=True)
class ResetPage:
    token: str
    username: str
    password_length: int = PASSWORD_LENGTH_LEAST
    error: str | None = None


@router.get("/setup")
def setup_form(request: Request, who: AnyStranger, db: DbSession, token: str = "") -> Response:
    actions.check_setup_link(db, token=token)
    return with_visit(request, who, render(request, "accounts/setup.html", SetupPage(token), frame=who.frame))


@router.post("/setup")
def set_up(request: Request, who: AnyStranger, database: OurDatabase, form: CheckedForm) -> Response:
    """Make the first administrator, and sign them in."""
    typed = SetupPage(token=text(form, "token"), username=text(form, "username"), name=text(form, "name"))
    with database.reading() as session:  # before a password is hashed, which takes its time, for nothing
        actions.check_setup_link(session, token=typed.token)
    try:
        username, name = rules.parse_username(typed.username), rules.parse_name(typed.name)
        check_password(text(form, "password"), username=username, common=secrets.common_words())
    except (rules.UnusableUsername, rules.UnusableName, UnusablePassword) as error:
        page = replace(typed, error=error.message)
        return show_again(request, "accounts/setup.html", page, frame=who.frame, error=error)
    password_hash = secrets.hash_password(text(form, "password"))
    with database.writing() as session:
        user = actions.set_up(session, token=typed.token, username=username, password_hash=password_hash,
                              also_uploads=bool(text(form, "also_uploads")), name=name)  # fmt: skip
        token = actions.open_session(session, actions.actor_of(user), browser=who.browser)
    return let_in(request, token=token, onward="/")


@router.get("/reset")
def reset_form(request: Request, who: AnyStranger, db: DbSession, token: str = "") -> Response:
    user = password_actions.check_reset_link(db, token=token).user
    page = ResetPage(token, user.username)
    return with_visit(request, who, render(request, "accounts/reset.html", page, frame=who.frame))


@router.post("/reset")
def reset(request: Request, who: AnyStranger, database: OurDatabase, form: CheckedForm) -> Response:
    """Choose a password; signing in with it comes next, second step and all."""
    token, password = text(form, "token"), text(form, "password")
    with database.reading() as session:
        username = password_actions.check_reset_link(session, token=token).user.username
    try:
        check_password(password, username=username, common=secrets.common_words())
    except UnusablePassword as error:
        page = ResetPage(token, username, error=error.message)
        return show_again(request, "accounts/reset.html", page, frame=who.frame, error=error)
    password_hash = secrets.hash_password(password)
    with database.writing() as session:
        password_actions.choose_password(session, token=token, password_hash=password_hash)
    return RedirectResponse("/sign-in", status_code=303)
