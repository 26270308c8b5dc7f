"""The laboratory decides anew: a version is added, and none is ever changed."""

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.errors import Conflict, Invalid
from app.policy import queries
from app.policy.rules import Policy, changed
from app.policy.tables import PolicyRow


class PolicyMoved(Conflict):
    """Somebody else has decided in the meantime. `number`: what they put into force."""

    code = "policy_moved"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Policy {number} was put into force while you worked on yours. What you changed is kept below, on top of "
            "it. See what it would do now, then confirm."
        )


class NothingChanges(Invalid):
    code = "policy_same"

    def __init__(self) -> None:
        super().__init__("This is what is in force already. Change something first.")


def decide(session: Session, actor: Actor, *, policy: Policy, based_on: int) -> PolicyRow:
    """From now on this is in force. `based_on`: the version that `policy` was made from, and was compared with.

    Raises PolicyMoved where another version came in between, and NothingChanges.
    """
    ledger.lock(session)
    before = queries.current(session)
    if before.number != based_on:
        raise PolicyMoved(before.number)
    differing = changed(before, policy)
    if not differing:
        raise NothingChanges
    row = PolicyRow(number=before.number + 1, rules=policy.as_json(), decided_by=actor.id, at=clock.now())
    session.add(row)
    session.flush()
    detail: dict[str, Value] = {"digest": queries.digest_of(row), "changed": list(differing)}
    ledger.record(session, actor, Event(Act.POLICY_DECIDED, "policy", str(row.number), detail))
    return row
