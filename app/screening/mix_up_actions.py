"""One image under two subjects: somebody's folder was sent under the wrong one, so a human looks at both sides."""

from uuid import UUID

from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.audit import ledger
from app.audit.events import Act, Event
from app.cases import actions as cases
from app.cases.tables import CaseRow
from app.screening import queries
from app.screening.rules import ReviewReason
from app.screening.tables import FlagReasonRow
from app.screening.work_list_actions import put_on_work_list


def correct_case(
    session: Session, actor: Actor, *, case_id: UUID, accession: str | None, subject: str | None, named: str
) -> None:
    """Mend a wrong case number or subject, and flag what by the right subject is a mix-up.

    `named`: the digest of the number and subject that the actor was shown.
    Raises CaseNotFound, NotYoursToKeep, CaseRenamed or CaseNotYours.
    """
    case = cases.correct_identifiers(session, actor, case_id=case_id, accession=accession, subject=subject, named=named)
    flag_mix_ups(session, actor, case=case)


def flag_mix_ups(session: Session, actor: Actor, *, case: CaseRow, pixels_sha256: str | None = None) -> None:
    """Give every cell of the case that lies under another subject too its reason for review, and so the other one: each
    is an act of whoever brought it to light. What was flagged before keeps its place on the work list; what readers
    have settled stays settled. `pixels_sha256`: of this image alone."""
    for screening in queries.under_two_subjects(session, case, pixels_sha256=pixels_sha256):
        before = bool(screening.reasons)
        screening.reasons.append(FlagReasonRow(reason=ReviewReason.SAME_IMAGE_FOUND_LATER))
        session.flush()
        if not before:
            put_on_work_list(session, screening, since=clock.now())
        found = Event(Act.SAME_IMAGE_FOUND, "screening", str(screening.id), {"same_image": queries.SAME_IMAGE})
        ledger.record(session, actor, found)
