"""Passwords chosen and changed. An administrator gives a one-time link and never knows the password."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, queries, secrets
from app.accounts.tables import HalfSignInRow, ResetLinkRow, UserRow
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.errors import NotRecognised

RESET_LINK_LIFE = timedelta(hours=24)


class ResetLinkSpent(NotRecognised):
    code = "reset_link_spent"


def make_reset_link(session: Session, actor: Actor, *, user_id: UUID) -> str:
    """The token of a link by which this user chooses a password, once, within a day; an older link ends."""
    ledger.lock(session)
    token = secrets.new_token()
    row = queries.reset_link_of(session, user_id)
    if row is None:
        row = ResetLinkRow(user_id=user_id)
        session.add(row)
    row.token_sha256, row.created_at = secrets.token_sha256(token), clock.now()
    ledger.record(session, actor, Event(Act.RESET_LINK_MADE, "user", str(user_id)))
    return token


def check_reset_link(session: Session, *, token: str) -> ResetLinkRow:
    row = queries.reset_link(session, token_sha256=secrets.token_sha256(token))
    if row is None or clock.now() > row.created_at + RESET_LINK_LIFE or row.user.disabled_at is not None:
        raise ResetLinkSpent("This link has been used or has run out. Ask your administrator for a new one.")
    return row


def choose_password(session: Session, *, token: str, password_hash: str) -> UserRow:
    """Spend the link. Whoever was signed in to the account is so no more."""
    ledger.lock(session)
    link = check_reset_link(session, token=token)
    user = link.user
    session.delete(link)
    _put(session, actions.actor_of(user), user=user, password_hash=password_hash, how=queries.BY_LINK, keeps=None)
    return user


def change_password(session: Session, actor: Actor, *, password_hash: str, keeps: str) -> None:
    """By its owner, who proved the old one just before. Every session but this one (its token: `keeps`) ends."""
    user = queries.user(session, actor.id)
    _put(session, actor, user=user, password_hash=password_hash, how="own", keeps=keeps)


def _put(session: Session, actor: Actor, *, user: UserRow, password_hash: str, how: str, keeps: str | None) -> None:
    user.password_hash = password_hash
    actions.forget_sessions(session, user_id=user.actor_id, keeps=keeps)
    session.execute(delete(HalfSignInRow).where(HalfSignInRow.user_id == user.actor_id))
    ledger.record(session, actor, Event(Act.PASSWORD_CHANGED, "user", str(user.actor_id), {"how": how}))
