"""Opening a case, joining the one that bears the number, sharing one, correcting what it is called, its urgency."""

import secrets
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries as accounts
from app.actor import Actor, ActorKind, Permission
from app.audit import ledger
from app.audit.digest import salted_digest
from app.audit.events import Act, Event, Value
from app.audit.refusals import Refusal
from app.cases import queries, rules
from app.cases.rules import NoSuchColleague, Priority
from app.cases.tables import (
    CaseIdentifierRow,
    CasePriorityRow,
    CaseRow,
    CaseShareRow,
    CaseWithdrawalRow,
    NoteRow,
)
from app.errors import Conflict


class CaseNotYours(Conflict):
    code = "case_not_yours"


class SubjectConflict(Conflict):
    code = "subject_conflict"


class CaseRenamed(Conflict):
    """Somebody else has given the case another number or subject in the meantime."""

    code = "case_renamed"

    def __init__(self) -> None:
        super().__init__(
            "The number or the subject of this case was changed after this page was opened, so nothing was corrected. "
            "What you typed is kept below. Hold it against what the case is called now, then send it again."
        )


class CaseWithdrawn(Conflict):
    code = "case_withdrawn"

    def __init__(self) -> None:
        super().__init__(
            "This case was withdrawn, so nothing can be added to it. Send new cells under another case number; if the "
            "number itself was wrong, correct it on the withdrawn case first."
        )


class NotYoursToShare(Refusal):
    code = "not_yours_to_share"


class NotYoursToKeep(Refusal):
    code = "not_yours_to_keep"


def open_or_join(session: Session, actor: Actor, *, accession: str | None, subject: str | None) -> CaseRow:
    """The case of that number, opened if there is none; without a number, a new unnamed case."""
    case = queries.by_accession(session, accession) if accession else None
    if case is None:
        return _open(session, actor, accession=accession, subject=subject)
    if not queries.may_see(session, actor, case.id):
        raise _not_yours(actor)
    refuse_withdrawn(session, case_id=case.id)
    if subject is not None:
        _agree_on_subject(session, actor, case=case, subject=subject)
    return case


def _not_yours(actor: Actor) -> CaseNotYours:
    """Never advises another number: it is the specimen's, and its cells would lie in a case of nobody's."""
    told = "This case number is taken by a case that you do not see. Check the number; if it is right, "
    if actor.kind is ActorKind.LAB:
        return CaseNotYours(
            f"{told}send with a key of the lab system that opened the case, or of the scopes screen and read:all."
        )
    return CaseNotYours(f"{told}ask a colleague who may know the case to share it.")


def refuse_withdrawn(session: Session, *, case_id: UUID) -> None:
    """Raises CaseWithdrawn: nothing may be added to such a case."""
    if queries.withdrawal(session, case_id) is not None:
        raise CaseWithdrawn


def open_or_join_unnamed(session: Session, actor: Actor, *, case_id: UUID, subject: str | None = None) -> CaseRow:
    """The case of that id, opened without a number if there is none: what one upload page sends stays together, however
    many requests it takes and however often it is sent. Raises CaseNotFound, CaseWithdrawn or SubjectConflict."""
    if queries.exists(session, case_id):
        case = queries.get(session, actor, case_id)
        refuse_withdrawn(session, case_id=case.id)
        if subject is not None:
            _agree_on_subject(session, actor, case=case, subject=subject)
        return case
    return _open(session, actor, accession=None, subject=subject, case_id=case_id)


def _open(
    session: Session, actor: Actor, *, accession: str | None, subject: str | None, case_id: UUID | None = None
) -> CaseRow:
    case = CaseRow(id=case_id or uuid4(), opened_by=actor.id, opened_at=clock.now())
    session.add(case)
    session.flush()
    case.identifiers = CaseIdentifierRow(accession=accession, subject=subject, salt=secrets.token_hex(16))
    session.flush()
    told = queries.identifiers_digest(case.identifiers)
    detail: dict[str, Value] = {"digest": queries.digest_of(case), "identifiers_digest": told}
    ledger.record(session, actor, Event(Act.CASE_OPENED, "case", str(case.id), detail))
    return case


def _agree_on_subject(session: Session, actor: Actor, *, case: CaseRow, subject: str) -> None:
    identifiers = case.identifiers
    if identifiers is None:
        return
    if identifiers.subject is not None:
        if rules.same_subject(identifiers.subject, subject):
            return
        raise SubjectConflict(
            "This case belongs to another subject. Check the case number and the subject's pseudonym."
        )
    identifiers.subject = subject
    detail: dict[str, Value] = {"identifiers_digest": queries.identifiers_digest(identifiers)}
    ledger.record(session, actor, Event(Act.CASE_IDENTIFIED, "case", str(case.id), detail))


def correct_identifiers(
    session: Session,
    actor: Actor,
    *,
    case_id: UUID,
    accession: str | None,
    subject: str | None,
    named: str | None = None,
) -> CaseRow:
    """Mend a wrong case number or subject; `screening.mix_up_actions` corrects a case. The same again changes nothing.

    `named`: the digest of the number and subject that the actor was shown; None: they go by none.
    Raises CaseNotFound, NotYoursToKeep, CaseRenamed or CaseNotYours.
    """
    ledger.lock(session)
    case = to_keep(session, actor, case_id=case_id)
    identifiers = case.identifiers
    if identifiers is None:
        identifiers = case.identifiers = CaseIdentifierRow(accession=None, subject=None)
    wanted = {"accession": accession, "subject": subject}
    corrected = sorted(name for name, value in wanted.items() if getattr(identifiers, name) != value)
    if not corrected:
        return case
    if named is not None and named != queries.names_digest(case):
        raise CaseRenamed
    other = queries.by_accession(session, accession) if accession else None
    if other is not None and other.id != case.id:
        raise CaseNotYours("This case number is taken by another case. Check which of the two has the wrong one.")
    identifiers.accession, identifiers.subject = accession, subject
    identifiers.salt = identifiers.salt or secrets.token_hex(16)
    session.flush()
    detail: dict[str, Value] = {
        "corrected": corrected,
        "identifiers_digest": queries.identifiers_digest(identifiers),
    }
    ledger.record(session, actor, Event(Act.CASE_CORRECTED, "case", str(case.id), detail))
    return case


def to_keep(session: Session, actor: Actor, *, case_id: UUID) -> CaseRow:
    """A case that this actor may correct and withdraw. Raises CaseNotFound or NotYoursToKeep."""
    case = queries.get(session, actor, case_id)
    if not queries.may_keep(session, actor, case):
        raise NotYoursToKeep(
            rules.KEPT_BY,
            actor=actor,
            event=Event(Act.ACT_FORBIDDEN, "case", str(case_id), {"permission": "keep"}),
        )
    return case


def set_priority(session: Session, actor: Actor, *, case_id: UUID, priority: Priority) -> None:
    """Say how urgent a case is, as whoever sees it may. The same again is said once.

    Raises CaseNotFound or CaseWithdrawn.
    """
    ledger.lock(session)
    case = queries.get(session, actor, case_id)
    refuse_withdrawn(session, case_id=case.id)
    if queries.priority(session, case.id) is priority:
        return
    session.add(CasePriorityRow(id=uuid4(), case_id=case.id, priority=priority, by_id=actor.id, at=clock.now()))
    session.flush()
    told = queries.priority_digest(queries.priorities(session, [case.id]))
    detail: dict[str, Value] = {"priority": priority.value, "priority_digest": told}
    ledger.record(session, actor, Event(Act.CASE_PRIORITY_SET, "case", str(case.id), detail))


def write_withdrawal(session: Session, actor: Actor, *, case: CaseRow, reason: str) -> dict[str, Value]:
    """The row and the reason of a withdrawal; returns what its event binds. `review.case_actions` withdraws a case."""
    note_id, note_digest = write_note(session, text=reason)
    row = CaseWithdrawalRow(case_id=case.id, by_id=actor.id, note_id=note_id, note_digest=note_digest, at=clock.now())
    session.add(row)
    session.flush()
    return {"withdrawal_digest": queries.withdrawal_digest(row), "reason_digest": note_digest}


def share_case(session: Session, actor: Actor, *, case_id: UUID, with_id: UUID) -> None:
    """Let a colleague see the case and add to it. Sharing twice is sharing once.

    Raises CaseNotFound, NotYoursToShare or NoSuchColleague.
    """
    _to_share(session, actor, case_id=case_id)
    if with_id not in {one.id for one in accounts.people_who_may(session, Permission.SEE_OWN)}:
        raise NoSuchColleague
    if with_id != actor.id and queries.share(session, case_id=case_id, actor_id=with_id) is None:
        session.add(CaseShareRow(case_id=case_id, actor_id=with_id, shared_by=actor.id, at=clock.now()))
        ledger.record(session, actor, Event(Act.CASE_SHARED, "case", str(case_id), {"with": str(with_id)}))


def unshare_case(session: Session, actor: Actor, *, case_id: UUID, with_id: UUID) -> None:
    _to_share(session, actor, case_id=case_id)
    share = queries.share(session, case_id=case_id, actor_id=with_id)
    if share is not None:
        session.delete(share)
        ledger.record(session, actor, Event(Act.CASE_UNSHARED, "case", str(case_id), {"with": str(with_id)}))


def _to_share(session: Session, actor: Actor, *, case_id: UUID) -> None:
    ledger.lock(session)
    case = queries.get(session, actor, case_id)
    if not rules.may_share(opened_by=case.opened_by, actor_id=actor.id):
        raise NotYoursToShare(
            "Only the person who opened a case decides who else sees it.",
            actor=actor,
            event=Event(Act.ACT_FORBIDDEN, "case", str(case_id), {"permission": "share"}),
        )


def write_note(session: Session, *, text: str) -> tuple[UUID, str]:
    """Store a person's free text apart from the record; returns its id and the salted digest that the record keeps."""
    note = NoteRow(id=uuid4(), text=text, salt=secrets.token_hex(16))
    session.add(note)
    session.flush()
    return note.id, salted_digest(text, salt=str(note.salt))
