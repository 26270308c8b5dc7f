"""Accounts and sessions: made, used, ended. One function, one act, one ledger event."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries, rules, secrets
from app.accounts.rules import Role
from app.accounts.tables import (
    ActorRow,
    SessionRow,
    SetupLinkRow,
    UserRoleRow,
    UserRow,
)
from app.actor import SERVICE, Actor, ActorKind
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.errors import Conflict, NotRecognised

SETUP_LINK_LIFE = timedelta(hours=24)


class UsernameTaken(Conflict):
    code = "username_taken"


class LastAdministrator(Conflict):
    code = "last_administrator"


class SetupLinkSpent(NotRecognised):
    code = "setup_link_spent"


def actor_of(user: UserRow) -> Actor:
    roles = [Role(row.role) for row in user.roles]
    return Actor(ActorKind.CLINICIAN, user.actor_id, user.actor.name, rules.permissions_of(roles))


def create_user(
    session: Session, actor: Actor, *, username: str, password_hash: str, roles: list[Role], name: str = ""
) -> UserRow:
    """Raises UsernameTaken."""
    ledger.lock(session)
    if queries.user_named(session, username) is not None:
        raise UsernameTaken(f"There is an account {username!r} already. Choose another user name.")
    person = ActorRow(id=uuid4(), kind=ActorKind.CLINICIAN, name=name or username)
    session.add(person)
    session.flush()
    user = UserRow(actor_id=person.id, username=username, password_hash=password_hash, created_at=clock.now())
    user.actor = person
    user.roles = [UserRoleRow(role=role) for role in sorted(set(roles))]
    session.add(user)
    granted = [row.role for row in user.roles]
    ledger.record(session, actor, Event(Act.USER_CREATED, "user", str(person.id), {"roles": granted}))
    return user


def renew_setup_link(session: Session) -> str | None:
    """A fresh one-time token while there is no account yet (older ones end); None once there is one."""
    if queries.any_user(session):
        return None
    token = secrets.new_token()
    session.execute(delete(SetupLinkRow))
    session.add(SetupLinkRow(token_sha256=secrets.token_sha256(token), created_at=clock.now()))
    return token


def check_setup_link(session: Session, *, token: str) -> SetupLinkRow:
    link = queries.setup_link(session, token_sha256=secrets.token_sha256(token))
    if queries.any_user(session):
        raise SetupLinkSpent(
            "The first account was made already, and set-up links are for that alone. Sign in with yours, or ask your "
            "administrator for one."
        )
    if link is None or clock.now() > link.created_at + SETUP_LINK_LIFE:
        raise SetupLinkSpent(
            "This set-up link has run out, or a later one took its place. Start the service again: while there is no "
            "account, it prints a new one."
        )
    return link


def set_up(
    session: Session, *, token: str, username: str, password_hash: str, also_uploads: bool, name: str = ""
) -> UserRow:
    """Make the first administrator and spend the link. Raises SetupLinkSpent."""
    ledger.lock(session)
    session.delete(check_setup_link(session, token=token))
    roles = [Role.ADMIN, Role.UPLOADER] if also_uploads else [Role.ADMIN]
    return create_user(session, SERVICE, username=username, password_hash=password_hash, roles=roles, name=name)


def change_roles(session: Session, actor: Actor, *, user_id: UUID, roles: list[Role]) -> None:
    """From the next request on. Raises LastAdministrator where nobody would be left to manage access."""
    ledger.lock(session)
    user = queries.user(session, user_id)
    before, granted = [row.role for row in user.roles], sorted(role.value for role in set(roles))
    if granted == before:
        return
    if Role.ADMIN in before and user.disabled_at is None:
        _require_another(session, user_id=user_id, keeps_the_role=Role.ADMIN in granted)
    user.roles = [row for row in user.roles if row.role in granted]
    user.roles += [UserRoleRow(role=role) for role in granted if role not in before]
    detail: dict[str, Value] = {"roles": list(granted), "before": list(before)}
    ledger.record(session, actor, Event(Act.ROLES_CHANGED, "user", str(user_id), detail))


def disable_user(session: Session, actor: Actor, *, user_id: UUID) -> None:
    """Nobody signs in to the account any more, and who is signed in is not; its records stay."""
    ledger.lock(session)
    user = queries.user(session, user_id)
    if user.disabled_at is not None:
        return
    if any(row.role == Role.ADMIN for row in user.roles):
        _require_another(session, user_id=user_id, keeps_the_role=False)
    user.disabled_at = clock.now()
    forget_sessions(session, user_id=user_id)
    ledger.record(session, actor, Event(Act.USER_DISABLED, "user", str(user_id)))


def enable_user(session: Session, actor: Actor, *, user_id: UUID) -> None:
    user = queries.user(session, user_id)
    if user.disabled_at is not None:
        user.disabled_at = None
        ledger.record(session, actor, Event(Act.USER_ENABLED, "user", str(user_id)))


def _require_another(session: Session, *, user_id: UUID, keeps_the_role: bool) -> None:
    others = queries.other_administrators(session, user_id)
    if not rules.leaves_an_administrator(others=others, keeps_the_role=keeps_the_role):
        raise LastAdministrator("This is the last administrator. Make another one first.")


def open_session(session: Session, actor: Actor, *, browser: str = "") -> str:
    """Sign in: a new session each time; returns the cookie's token. `browser`: what its owner knows it by."""
    token = secrets.new_token()
    now = clock.now()
    session.add(
        SessionRow(
            token_sha256=secrets.token_sha256(token),
            id=uuid4(),
            user_id=actor.id,
            browser=browser,
            created_at=now,
            last_seen_at=now,
        )
    )
    ledger.record(session, actor, Event(Act.SIGNED_IN, "user", str(actor.id)))
    return token


def touch_session(session: Session, *, token_sha256: str) -> None:
    """Somebody is still there. No ledger event: what they do leaves its own."""
    session.execute(update(SessionRow).where(SessionRow.token_sha256 == token_sha256).values(last_seen_at=clock.now()))


def close_session(session: Session, actor: Actor, *, token: str) -> None:
    row = queries.signed_in(session, token_sha256=secrets.token_sha256(token))
    if row is not None:
        session.delete(row)
        ledger.record(session, actor, Event(Act.SIGNED_OUT, "user", str(actor.id)))


def end_session(session: Session, actor: Actor, *, session_id: UUID) -> None:
    """End one of one's own sessions, wherever it is; one that has ended already stays so."""
    for row in queries.sessions_of(session, actor.id):
        if row.id == session_id:
            session.delete(row)
            ledger.record(session, actor, Event(Act.SESSION_ENDED, "session", str(session_id)))


def forget_session(session: Session, *, token: str) -> None:
    """No event: what takes the session's place leaves one."""
    row = queries.signed_in(session, token_sha256=secrets.token_sha256(token))
    if row is not None:
        session.delete(row)


def forget_sessions(session: Session, *, user_id: UUID, keeps: str | None = None) -> None:
    """All sessions of an account but the one whose token is `keeps`. No event: what ends them leaves one."""
    kept = secrets.token_sha256(keeps) if keeps else None
    for row in queries.sessions_of(session, user_id):
        if row.token_sha256 != kept:
            session.delete(row)
