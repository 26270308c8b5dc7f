"""Signing in: the password, the wait after wrong ones, the second step.

How often somebody failed is asked of the ledger, so no restart and no second worker forgets it. A refused attempt that
had to wait leaves no event: it was not looked at, and whoever floods the page must not fill the ledger.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, queries, secrets
from app.accounts import second_step_actions as second_step
from app.accounts.sign_in_rules import (
    ACCOUNT_PATIENCE,
    ADDRESS_PATIENCE,
    HALF_SIGN_IN_LIFE,
    address_group,
    in_words,
    wait_left,
)
from app.accounts.tables import HalfSignInRow, UserRow
from app.actor import SERVICE, Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.audit.refusals import Refusal
from app.errors import NotRecognised, TooOften


class SignInRefused(Refusal, NotRecognised):
    """One answer for a wrong password, for an unknown user and for a disabled one."""

    code = "sign_in_refused"


class MustWait(TooOften):
    code = "sign_in_must_wait"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(
            f"Too many attempts failed. Wait {in_words(wait)}, then try again. If you have forgotten your password, "
            "ask your administrator for a link to choose a new one.",
            retry_after_s=-(-wait // timedelta(seconds=1)),
        )


class HalfSignInSpent(NotRecognised):
    code = "half_sign_in_spent"


@dataclass(frozen=True)
class Comer:
    """Who is at the door, as the ledger may know them: no name that is typed and no address stands in it."""

    account: str  # the user's id, or the keyed digest of a name that nobody has
    address: str  # keyed digest


@dataclass(frozen=True)
class Entered:
    """`token` of a session, or where a second step is awaited of the half of a sign-in."""

    token: str
    whole: bool


def comer(session: Session, *, username: str, user: UserRow | None, address: str) -> Comer:
    key = queries.digest_key(session, purpose="sign_in")
    account = str(user.actor_id) if user else secrets.keyed_digest(username, key=key)
    return Comer(account, secrets.keyed_digest(address_group(address), key=key))


def require_patience(session: Session, who: Comer) -> None:
    """Raises MustWait after too many failures on this account or from this address."""
    now = clock.now()
    of_account = queries.failures_of_account(session, who.account, since=now - ACCOUNT_PATIENCE.window)
    of_address = queries.failures_of_address(session, who.address, since=now - ADDRESS_PATIENCE.window)
    wait = max(
        wait_left(of_account, patience=ACCOUNT_PATIENCE, now=now),
        wait_left(of_address, patience=ADDRESS_PATIENCE, now=now),
    )
    if wait:
        raise MustWait(wait)


def authenticate(session: Session, *, username: str, password: str, address: str) -> UserRow:
    """The user whose name and password these are. Slow on purpose: call it outside a writing session.

    Raises MustWait or SignInRefused.
    """
    name = username.strip().lower()
    user = queries.user_named(session, name)
    who = comer(session, username=name, user=user, address=address)
    require_patience(session, who)
    fits = secrets.password_fits(password, stored=user.password_hash if user else None)
    if user is None or not fits:
        raise _refused(who, why="password" if user else "unknown user")
    if user.disabled_at is not None:
        raise _refused(who, why="disabled")
    return user


def _refused(who: Comer, *, why: str) -> SignInRefused:
    return SignInRefused(
        "User name and password do not belong together. Check both and try again.",
        actor=SERVICE,
        event=Event(Act.SIGN_IN_REFUSED, "user", who.account, {"why": why, "address": who.address}),
    )


def enter(session: Session, user: UserRow, *, address: str, browser: str, ends: str | None = None) -> Entered:
    """After the password: a session, or the wait for a second step. `ends`: the token of a session that this replaces.

    Asks for patience once more, under the write lock: of many guesses at once, the right one may come too late.
    """
    ledger.lock(session)
    require_patience(session, comer(session, username=user.username, user=user, address=address))
    if queries.second_step_is_on(session, user.actor_id):
        token = secrets.new_token()
        session.execute(delete(HalfSignInRow).where(HalfSignInRow.user_id == user.actor_id))
        session.add(
            HalfSignInRow(token_sha256=secrets.token_sha256(token), user_id=user.actor_id, created_at=clock.now())
        )
        return Entered(token, whole=False)
    return Entered(_enter(session, user, browser=browser, ends=ends), whole=True)


def enter_by_code(
    session: Session, *, half: str, code: str, address: str, browser: str, ends: str | None = None
) -> Entered:
    """The second step, by the app's code or a recovery code; raises HalfSignInSpent, MustWait or SignInRefused."""
    ledger.lock(session)
    row = queries.half_sign_in(session, token_sha256=secrets.token_sha256(half))
    if row is None or clock.now() > row.created_at + HALF_SIGN_IN_LIFE or row.user.disabled_at is not None:
        raise HalfSignInSpent("That took too long, or was done already. Sign in again.")
    who = comer(session, username=row.user.username, user=row.user, address=address)
    require_patience(session, who)
    if not second_step.take_code(session, row.user, code=code):
        raise SignInRefused(
            "That code is not the right one, or was used already. Wait for the next one and try again.",
            actor=SERVICE,
            event=Event(Act.SIGN_IN_REFUSED, "user", who.account, {"why": "code", "address": who.address}),
        )
    user = row.user
    session.delete(row)
    return Entered(_enter(session, user, browser=browser, ends=ends), whole=True)


def _enter(session: Session, user: UserRow, *, browser: str, ends: str | None) -> str:
    actor = actions.actor_of(user)
    if ends is not None:
        actions.forget_session(session, token=ends)
    return actions.open_session(session, actor, browser=browser)


def check_own_password(session: Session, actor: Actor, *, password: str, address: str) -> None:
    """Somebody signed in proves once more who they are; waits and events are those of signing in.

    Slow on purpose: call it outside a writing session. Raises MustWait or SignInRefused.
    """
    user = queries.user(session, actor.id)
    who = comer(session, username=user.username, user=user, address=address)
    require_patience(session, who)
    if not secrets.password_fits(password, stored=user.password_hash):
        raise SignInRefused(
            "That is not your password. Check it and try again.",
            actor=actor,
            event=Event(Act.SIGN_IN_REFUSED, "user", who.account, {"why": "own password", "address": who.address}),
        )
