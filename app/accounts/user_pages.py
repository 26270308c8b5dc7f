"""The administrator's side of people: accounts, roles, one-time links. Nothing here shows an image or a verdict."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app import clock
from app.accounts import actions, password_actions, queries, rules, secrets
from app.accounts import second_step_actions as second_step
from app.accounts.guards import Administrator, Visit, lives
from app.accounts.rules import Role
from app.accounts.tables import UserRow
from app.db import DbSession, OurDatabase
from app.errors import BlastscreenError, Conflict, Invalid
from app.settings import Settings
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
ROLES = {
    Role.UPLOADER: "uploads cells; sees own cases, those shared with them and those of laboratory systems",
    Role.REVIEWER: "works the queue, gives verdicts; sees the cells that wait for a read and those that they have read",
    Role.SENIOR: (
        "sees every case and corrects or withdraws any; reviews, settles what two readers saw differently, signs"
    ),
    Role.ADMIN: "manages users and keys, decides the policy; sees no image and no result",
    Role.AUDITOR: "reads the ledger and the access logs, and nothing else",
}


@dataclass(frozen=True)
class RoleChoice:
    code: str
    told: str
    chosen: bool


@dataclass(frozen=True)
class UserLine:
    href: str
    username: str
    name: str
    roles: str
    in_use: bool


@dataclass(frozen=True)
class UsersPage:
    users: tuple[UserLine, ...]
    roles: tuple[RoleChoice, ...]
    username: str = ""
    name: str = ""
    error: str | None = None


@dataclass(frozen=True)
class UserPage:
    """`link`: a one-time link just made, to be shown this once."""

    here: str
    username: str
    name: str
    roles: tuple[RoleChoice, ...]
    in_use: bool
    is_self: bool
    second_step_on: bool
    signed_in: bool
    link: str | None
    error: str | None


def _choices(chosen: list[str]) -> tuple[RoleChoice, ...]:
    return tuple(RoleChoice(role.value, told, role in chosen) for role, told in ROLES.items())


def _chosen(form: FormData) -> list[Role]:
    return [rules.parse_role(one) for one in form.getlist("role") if isinstance(one, str)]


@router.get("/admin/users")
def users(request: Request, visit: Administrator, db: DbSession) -> Response:
    page = UsersPage(_lines(db), _choices([]))
    return render(request, "accounts/users.html", page, frame=visit.frame)


def _lines(session: Session) -> tuple[UserLine, ...]:
    return tuple(
        UserLine(
            href=f"/admin/users/{user.actor_id}",
            username=user.username,
            name=user.actor.name,
            roles=", ".join(row.role for row in user.roles) or "none",
            in_use=user.disabled_at is None,
        )
        for user in queries.users(session)
    )


@router.post("/admin/users")
def create(request: Request, visit: Administrator, database: OurDatabase, form: CheckedForm) -> Response:
    """The account, and the link by which its owner chooses a password."""
    username, name = text(form, "username"), text(form, "name")
    password_hash = secrets.unknown_password_hash()
    try:
        with database.writing() as session:
            user = actions.create_user(
                session,
                visit.actor,
                username=rules.parse_username(username),
                password_hash=password_hash,
                roles=_chosen(form),
                name=rules.parse_name(name),
            )
            token = password_actions.make_reset_link(session, visit.actor, user_id=user.actor_id)
            made = _user(request, session, visit, user=user, link=_link(request, token))
    except (Invalid, Conflict) as error:
        with database.reading() as session:
            chosen = [one for one in form.getlist("role") if isinstance(one, str)]
            page = UsersPage(_lines(session), _choices(chosen), username=username, name=name, error=error.message)
        return show_again(request, "accounts/users.html", page, frame=visit.frame, error=error)
    return render(request, "accounts/user.html", made, frame=visit.frame)


def _link(request: Request, token: str) -> str:
    """For somebody at another browser, who may know this service by another address than the one that came with this
    request."""
    settings: Settings = request.app.state.settings
    here = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{here}/reset?token={token}"


@router.get("/admin/users/{user_id}")
def user(request: Request, user_id: UUID, visit: Administrator, db: DbSession) -> Response:
    page = _user(request, db, visit, user=queries.user(db, user_id))
    return render(request, "accounts/user.html", page, frame=visit.frame)


def _user(
    request: Request,
    session: Session,
    visit: Visit,
    *,
    user: UserRow,
    link: str | None = None,
    error: BlastscreenError | None = None,
) -> UserPage:
    return UserPage(
        here=f"/admin/users/{user.actor_id}",
        username=user.username,
        name=user.actor.name,
        roles=_choices([row.role for row in user.roles]),
        in_use=user.disabled_at is None,
        is_self=user.actor_id == visit.actor.id,
        second_step_on=queries.second_step_is_on(session, user.actor_id),
        signed_in=any(
            lives(row, settings=request.app.state.settings, now=clock.now())
            for row in queries.sessions_of(session, user.actor_id)
        ),
        link=link,
        error=error.message if error else None,
    )


def _user_again(
    request: Request, visit: Visit, database: OurDatabase, *, user_id: UUID, error: BlastscreenError
) -> Response:
    with database.reading() as session:
        page = _user(request, session, visit, user=queries.user(session, user_id), error=error)
    return show_again(request, "accounts/user.html", page, frame=visit.frame, error=error)


@router.post("/admin/users/{user_id}/roles")
def change_roles(
    request: Request, user_id: UUID, visit: Administrator, database: OurDatabase, form: CheckedForm
) -> Response:
    try:
        with database.writing() as session:
            actions.change_roles(session, visit.actor, user_id=user_id, roles=_chosen(form))
    except (Invalid, Conflict) as error:
        return _user_again(request, visit, database, user_id=user_id, error=error)
    return RedirectResponse(f"/admin/users/{user_id}", status_code=303)


@router.post("/admin/users/{user_id}/disable")
def disable(
    request: Request, user_id: UUID, visit: Administrator, database: OurDatabase, form: CheckedForm
) -> Response:
    try:
        with database.writing() as session:
            actions.disable_user(session, visit.actor, user_id=user_id)
    except Conflict as error:
        return _user_again(request, visit, database, user_id=user_id, error=error)
    return RedirectResponse(f"/admin/users/{user_id}", status_code=303)


@router.post("/admin/users/{user_id}/enable")
def enable(user_id: UUID, visit: Administrator, db: DbSession, form: CheckedForm) -> Response:
    actions.enable_user(db, visit.actor, user_id=user_id)
    return RedirectResponse(f"/admin/users/{user_id}", status_code=303)


@router.post("/admin/users/{user_id}/link")
def make_link(request: Request, user_id: UUID, visit: Administrator, db: DbSession, form: CheckedForm) -> Response:
    found = queries.user(db, user_id)
    token = password_actions.make_reset_link(db, visit.actor, user_id=user_id)
    page = _user(request, db, visit, user=found, link=_link(request, token))
    return render(request, "accounts/user.html", page, frame=visit.frame)


@router.post("/admin/users/{user_id}/second-step/off")
def second_step_off(user_id: UUID, visit: Administrator, db: DbSession, form: CheckedForm) -> Response:
    """For somebody who has lost the app and the recovery codes."""
    second_step.turn_off(db, visit.actor, user_id=queries.user(db, user_id).actor_id)
    return RedirectResponse(f"/admin/users/{user_id}", status_code=303)
