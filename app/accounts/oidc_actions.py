"""Signing in through the hospital's provider (OpenID Connect): the sign-in under way, and the account it leads to.

Knows nothing of the protocol, which is `app.accounts.oidc`, loaded only where a provider is configured.
"""

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, queries
from app.accounts.oidc_rules import Person
from app.accounts.tables import IdentityRow, UserRow
from app.actor import SERVICE
from app.audit import ledger
from app.audit.events import Act, Event
from app.audit.refusals import Refusal
from app.errors import NotRecognised, Unavailable


class ProviderRefused(Refusal, NotRecognised):
    """One answer, whatever did not fit; the ledger knows what."""

    code = "provider_refused"

    def __init__(self, why: str) -> None:
        super().__init__(
            "Signing in at the provider did not work out. Try again; if it fails again, ask your administrator.",
            actor=SERVICE,
            event=Event(Act.SIGN_IN_REFUSED, "provider", "oidc", {"why": why}),
        )


class ProviderSilent(Unavailable):
    code = "provider_silent"

    def __init__(self) -> None:
        super().__init__("The sign-in provider does not answer. Try again shortly.")


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: what its answer is checked by. It waits in a cookie of the browser that began it."""

    state: str
    nonce: str
    verifier: str
    onward: str

    def packed(self) -> str:
        return urlsafe_b64encode("\n".join(astuple(self)).encode()).decode("ascii")


def unpack(cookie: str | None) -> Attempt:
    """Raises ProviderRefused where this browser began no sign-in."""
    try:
        parts = urlsafe_b64decode((cookie or "").encode("ascii")).decode().split("\n")
    except (binascii.Error, UnicodeError):
        parts = []
    if len(parts) != 4 or not all(parts):
        raise ProviderRefused("no attempt")
    return Attempt(*parts)


class Provider(Protocol):
    """Whoever says who somebody is."""

    @property
    def name(self) -> str: ...

    def begin(self, *, onward: str, afresh: bool = False) -> tuple[str, Attempt]:
        """Where to send the browser, and what to remember meanwhile. `afresh`: who is signed in there does it again."""

    def finish(self, attempt: Attempt, *, answer: Mapping[str, str]) -> Person:
        """Who signed in, by what the browser brought back; raises ProviderRefused or ProviderSilent."""


def enter(session: Session, person: Person, *, password_hash: str, browser: str, ends: str | None = None) -> str:
    """A session for that person's account, which is made when they first come; its roles are as the provider says now.

    `password_hash`: of a password that nobody knows. `ends`: the token of a session that this one replaces.
    """
    ledger.lock(session)
    identity = session.get(IdentityRow, (person.issuer, person.subject))
    user = identity.user if identity else _welcome(session, person, password_hash=password_hash)
    if user.disabled_at is not None:
        raise ProviderRefused("disabled")
    actions.change_roles(session, SERVICE, user_id=user.actor_id, roles=list(person.roles))
    if ends is not None:
        actions.forget_session(session, token=ends)
    return actions.open_session(session, actions.actor_of(user), browser=browser)


def _welcome(session: Session, person: Person, *, password_hash: str) -> UserRow:
    """Never the account of somebody who merely bears the same user name: that could be anybody's."""
    username = person.username
    if username is None or queries.user_named(session, username) is not None:
        username = "oidc-" + hashlib.sha256(f"{person.issuer} {person.subject}".encode()).hexdigest()[:12]
    user = actions.create_user(
        session, SERVICE, username=username, password_hash=password_hash, roles=list(person.roles), name=person.name
    )
    session.flush()
    session.add(IdentityRow(issuer=person.issuer, subject=person.subject, user_id=user.actor_id, linked_at=clock.now()))
    session.flush()
    return user
