"""What happens to the queue when a case leaves it."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.cases import actions as cases
from app.cases import queries as case_queries
from app.review import queries


def withdraw_case(session: Session, actor: Actor, *, case_id: UUID, reason: str) -> None:
    """Take a case out of screening and reading for good. Withdrawing twice is withdrawing once, for the first reason.

    Raises CaseNotFound or NotYoursToKeep.
    """
    ledger.lock(session)
    case = cases.to_keep(session, actor, case_id=case_id)
    if case_queries.withdrawal(session, case.id) is not None:
        return
    bound = cases.write_withdrawal(session, actor, case=case, reason=reason)
    flags = queries.flags_of_case(session, case.id)
    for flag in flags:
        session.delete(flag)
    session.flush()
    detail = {**bound, "left_the_queue": len(flags)}
    ledger.record(session, actor, Event(Act.CASE_WITHDRAWN, "case", str(case.id), detail))
