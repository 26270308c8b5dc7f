"""The second step of signing in: a code of an authenticator app (TOTP, RFC 6238), or a recovery code in its place."""

from uuid import UUID

from sqlalchemy.orm import Session

from app import clock
from app.accounts import actions, authenticator, queries, secrets
from app.accounts.sign_in_rules import counters_that_count
from app.accounts.tables import RecoveryCodeRow, SecondStepRow, UserRow
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.errors import Conflict, Invalid


class SecondStepIsOn(Conflict):
    code = "second_step_is_on"


class WrongCode(Invalid):
    code = "code_wrong"


def begin(session: Session, actor: Actor) -> None:
    """A new secret for the app to learn; nothing is asked of anybody until a code of it has been seen."""
    ledger.lock(session)
    row = queries.second_step(session, actor.id)
    if row is not None and row.confirmed_at is not None:
        raise SecondStepIsOn("The second step is on already. Turn it off first.")
    if row is None:
        row = SecondStepRow(user_id=actor.id)
        session.add(row)
    row.secret = authenticator.new_secret()


def confirm(session: Session, actor: Actor, *, code: str) -> list[str]:
    """Turn the second step on, once the app shows a right code; returns the recovery codes, to be told this once.

    Raises SecondStepNotBegun or WrongCode.
    """
    ledger.lock(session)
    row = queries.second_step_begun(session, actor.id)
    counter = _counter_of(row, code=code)
    if counter is None:
        raise WrongCode("That code is not the right one. Look at the app again: codes change every half minute.")
    row.confirmed_at, row.last_counter = clock.now(), counter
    codes = secrets.new_recovery_codes()
    for one in queries.recovery_codes(session, actor.id):
        session.delete(one)
    session.flush()
    session.add_all(RecoveryCodeRow(user_id=actor.id, code_sha256=secrets.recovery_code_sha256(one)) for one in codes)
    ledger.record(session, actor, Event(Act.SECOND_STEP_ON, "user", str(actor.id)))
    return codes


def turn_off(session: Session, actor: Actor, *, user_id: UUID) -> None:
    """By its owner, or by an administrator for somebody who has lost app and codes."""
    row = queries.second_step(session, user_id)
    if row is None:
        return
    for one in queries.recovery_codes(session, user_id):
        session.delete(one)
    session.delete(row)
    if row.confirmed_at is not None:
        ledger.record(session, actor, Event(Act.SECOND_STEP_OFF, "user", str(user_id)))


def take_code(session: Session, user: UserRow, *, code: str) -> bool:
    """Whether this code lets its owner in; it never does so again."""
    row = queries.second_step(session, user.actor_id)
    if row is None or row.confirmed_at is None:
        return False
    counter = _counter_of(row, code=code)
    if counter is not None:
        row.last_counter = counter
        return True
    spare = queries.recovery_code(session, user.actor_id, code_sha256=secrets.recovery_code_sha256(code))
    if spare is None:
        return False
    session.delete(spare)
    session.flush()
    left = len(queries.recovery_codes(session, user.actor_id))
    happened = Event(Act.RECOVERY_CODE_USED, "user", str(user.actor_id), {"left": left})
    ledger.record(session, actions.actor_of(user), happened)
    return True


def _counter_of(row: SecondStepRow, *, code: str) -> int | None:
    """The time step that this code belongs to, if codes of it are taken now."""
    typed = "".join(code.split())
    for counter in counters_that_count(clock.now(), last=row.last_counter):
        if secrets.same(authenticator.code_at(row.secret, counter=counter), typed):
            return counter
    return None
