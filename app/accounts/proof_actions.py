"""Somebody who is signed in proves once more who they are, before an act that bears their name.

By their password, or at the hospital's provider: then the proof waits in a row of this session until it is spent. The
row is ours and not a cookie's, so that nobody who has got hold of a session can say when they were asked.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, queries, secrets, sign_in_actions
from app.accounts.oidc_actions import Attempt, ProviderRefused
from app.accounts.oidc_rules import Person, is_fresh
from app.accounts.tables import IdentityRow, ProofRow
from app.actor import SERVICE, Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.errors import NotRecognised

ATTEMPT_LIFE = timedelta(minutes=10)


class ProofMissing(NotRecognised):
    code = "proof_missing"


@dataclass(frozen=True)
class Proved:
    """Somebody has just proved who they are."""

    actor_id: UUID
    how: str


@dataclass(frozen=True)
class Asked:
    """A proof under way: what its answer is checked by, and where it leads."""

    attempt: Attempt
    token: str


def by_password(session: Session, actor: Actor, *, address: str) -> Proved:
    """Once `sign_in_actions.check_own_password` has passed. Asks for patience once more, under the write lock: of many
    guesses at once, the right one may come too late."""
    user = queries.user(session, actor.id)
    sign_in_actions.require_patience(
        session, sign_in_actions.comer(session, username=user.username, user=user, address=address)
    )
    return Proved(actor.id, "password")


def ask_provider(session: Session, actor: Actor, *, token: str, attempt: Attempt, purpose: str) -> None:
    """Remember what was asked; an older proof of this session is void, and so are those that nobody came back for."""
    ledger.lock(session)
    hashed = secrets.token_sha256(token)
    void = or_(ProofRow.session_sha256 == hashed, ProofRow.begun_at < clock.now() - ATTEMPT_LIFE)
    session.execute(delete(ProofRow).where(void))
    session.add(
        ProofRow(
            session_sha256=hashed,
            user_id=actor.id,
            purpose=purpose,
            state=attempt.state,
            nonce=attempt.nonce,
            verifier=attempt.verifier,
            onward=attempt.onward,
            begun_at=clock.now(),
        )
    )


def take_answer(session: Session, *, token: str | None, state: str) -> Asked | None:
    """The proof that this session's answer is for, or None where it asked for none. It takes no second answer."""
    ledger.lock(session)
    row = queries.proof(session, token_sha256=secrets.token_sha256(token)) if token else None
    if token is None or row is None or not row.state or row.state != state:
        return None
    row.state = ""
    return Asked(Attempt(state, row.nonce, row.verifier, row.onward), token)


def prove(session: Session, person: Person, *, asked: Asked) -> None:
    """Keep the proof; raises ProviderRefused for somebody else's, and for a sign-in that was not done afresh."""
    ledger.lock(session)
    now = clock.now()
    row = queries.proof(session, token_sha256=secrets.token_sha256(asked.token))
    identity = session.get(IdentityRow, (person.issuer, person.subject))
    if row is None or identity is None or identity.user_id != row.user_id or identity.user.disabled_at is not None:
        raise ProviderRefused("proof: another person")
    if now > row.begun_at + ATTEMPT_LIFE or not is_fresh(person.authenticated_at, asked_at=row.begun_at, now=now):
        raise ProviderRefused("proof: auth_time")
    actions.change_roles(session, SERVICE, user_id=row.user_id, roles=list(person.roles))
    row.proved_at = now
    about = Event(Act.PROVED_AGAIN, "user", str(row.user_id), {"purpose": row.purpose})
    ledger.record(session, actions.actor_of(identity.user), about)


def spend(session: Session, actor: Actor, *, token: str, purpose: str) -> Proved:
    """Raises ProofMissing where there is none, or it is for something else, or more than five minutes old."""
    row = queries.proof_to_spend(session, actor.id, token=token, purpose=purpose)
    if row is None:
        raise ProofMissing("Prove once more who you are: what you proved was used, or is more than five minutes old.")
    session.delete(row)
    return Proved(actor.id, "provider")
