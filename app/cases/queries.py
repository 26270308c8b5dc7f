"""Finding cases, and the one place that says which cases an actor may see."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.tables import ActorRow
from app.actor import Actor, ActorKind, Permission
from app.audit.digest import digest, salted_digest, told_of
from app.audit.queries import every_row, released_at
from app.audit.verify import PURGED, UNREADABLE, recomputed
from app.cases import rules
from app.cases.rules import Priority
from app.cases.tables import (
    CaseIdentifierRow,
    CasePriorityRow,
    CaseRow,
    CaseShareRow,
    CaseWithdrawalRow,
    NoteRow,
)
from app.errors import NotFound


class CaseNotFound(NotFound):
    code = "case_not_found"


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """A clinician sees the cases they opened, those of a lab client, and those shared with them, or all where they sign
    cases; a lab client what it sent, with whichever key, or with `read:all` everything."""
    from_the_lab = CaseRow.opened_by.in_(select(ActorRow.id).where(ActorRow.kind == ActorKind.LAB))
    shared = CaseRow.id.in_(select(CaseShareRow.case_id).where(CaseShareRow.actor_id == actor.id))
    if actor.may(Permission.SEE_EVERY_CASE):
        return true()
    if actor.kind is ActorKind.LAB:
        return CaseRow.opened_by == actor.id
    if actor.may(Permission.SEE_OWN):
        return or_(CaseRow.opened_by == actor.id, from_the_lab, shared)
    return false()


def get(session: Session, actor: Actor, case_id: UUID) -> CaseRow:
    case = session.scalars(select(CaseRow).where(CaseRow.id == case_id, visible_to(actor))).first()
    if case is None:
        raise CaseNotFound("There is no such case, or it is not yours to see.")
    return case


def exists(session: Session, case_id: UUID) -> bool:
    """Without asking who may see it: the caller decides."""
    return session.get(CaseRow, case_id) is not None


def last_unnamed(session: Session, actor: Actor, *, since: datetime) -> CaseRow | None:
    """The last case that this actor opened without a number and that was not withdrawn."""
    theirs = select(CaseRow).outerjoin(CaseIdentifierRow).where(CaseRow.opened_by == actor.id)
    unnamed = theirs.where(CaseIdentifierRow.accession.is_(None), CaseRow.opened_at >= since, ~is_withdrawn())
    return session.scalars(unnamed.order_by(CaseRow.opened_at.desc()).limit(1)).first()


def by_accession(session: Session, accession: str) -> CaseRow | None:
    """Whoever opened it: the caller decides whether the actor may see it. Upper and lower case are one; of cases whose
    numbers differ so from before that was, the one of exactly this spelling, else the oldest."""
    spelled = CaseIdentifierRow.accession
    rows = select(CaseRow).join(CaseIdentifierRow).where(func.lower(spelled) == func.lower(accession))
    return session.scalars(rows.order_by((spelled == accession).desc(), CaseRow.opened_at, CaseRow.id)).first()


def named(session: Session, *, accession: str | None, case_id: UUID | None) -> CaseRow | None:
    """The case of that number, or without a number of that id. Without asking who may see it: the caller decides."""
    if accession is not None:
        return by_accession(session, accession)
    return session.get(CaseRow, case_id) if case_id else None


def of_same_subject(session: Session, case: CaseRow) -> list[CaseRow]:
    """This case and every other of its subject, whoever may see them; this one alone where no subject is known."""
    if case.subject is None:
        return [case]
    rows = select(CaseRow).join(CaseIdentifierRow).where(is_same_subject(CaseIdentifierRow.subject, case.subject))
    return list(session.scalars(rows.order_by(CaseRow.opened_at, CaseRow.id)))


def is_same_subject(
    one: InstrumentedAttribute[str | None], other: InstrumentedAttribute[str | None] | str
) -> ColumnElement[bool]:
    """Whether two pseudonyms in the enclosing select are one subject's; NULL where either is unknown."""
    return func.lower(one) == func.lower(other)


def may_see(session: Session, actor: Actor, case_id: UUID) -> bool:
    return session.scalars(select(CaseRow.id).where(CaseRow.id == case_id, visible_to(actor))).first() is not None


def may_keep(session: Session, actor: Actor, case: CaseRow) -> bool:
    """Of a case that the actor may see."""
    signed = released_at(session, case.id) is not None
    return rules.may_keep(opened_by=case.opened_by, actor=actor, signed=signed)


@cache
def is_urgent() -> ColumnElement[bool]:
    """Of a case in the enclosing select: whether its latest priority says so."""
    latest = (
        select(CasePriorityRow.priority)
        .where(CasePriorityRow.case_id == CaseRow.id)
        .order_by(CasePriorityRow.at.desc(), CasePriorityRow.id.desc())
        .limit(1)
    )
    return func.coalesce(latest.correlate(CaseRow).scalar_subquery(), Priority.ROUTINE) == Priority.URGENT


@cache
def is_withdrawn(case_id: InstrumentedAttribute[UUID] = CaseRow.id) -> ColumnElement[bool]:
    """Of the case with that id in the enclosing select."""
    withdrawn = select(CaseWithdrawalRow.case_id).where(CaseWithdrawalRow.case_id == case_id)
    return withdrawn.correlate_except(CaseWithdrawalRow).exists()


def priority(session: Session, case_id: UUID) -> Priority:
    given = priorities(session, [case_id])
    return given[-1].priority if given else Priority.ROUTINE


def priorities(session: Session, case_ids: list[UUID]) -> list[CasePriorityRow]:
    """Oldest first."""
    given = select(CasePriorityRow).where(CasePriorityRow.case_id.in_(case_ids))
    return list(session.scalars(given.order_by(CasePriorityRow.at, CasePriorityRow.id)))


def urgent_among(session: Session, case_ids: list[UUID]) -> set[UUID]:
    latest = {row.case_id: row.priority for row in priorities(session, case_ids)}
    return {case_id for case_id, given in latest.items() if given == Priority.URGENT}


def withdrawal(session: Session, case_id: UUID) -> CaseWithdrawalRow | None:
    return session.get(CaseWithdrawalRow, case_id)


def withdrawn_among(session: Session, case_ids: list[UUID]) -> set[UUID]:
    withdrawn = select(CaseWithdrawalRow.case_id).where(CaseWithdrawalRow.case_id.in_(case_ids))
    return set(session.scalars(withdrawn))


def share(session: Session, *, case_id: UUID, actor_id: UUID) -> CaseShareRow | None:
    return session.get(CaseShareRow, (case_id, actor_id))


def shared_with(session: Session, case_id: UUID) -> list[UUID]:
    """Whom the case is shared with, oldest first."""
    shares = select(CaseShareRow.actor_id).where(CaseShareRow.case_id == case_id)
    return list(session.scalars(shares.order_by(CaseShareRow.at, CaseShareRow.actor_id)))


def note_text(session: Session, note_id: UUID) -> str | None:
    note = session.get(NoteRow, note_id)
    return note.text if note else None


def digest_of(case: CaseRow) -> str:
    return digest(told_of(case, "id", "opened_by", "opened_at"))


def identifiers_digest(identifiers: CaseIdentifierRow) -> str:
    """Salted, so that it gives nothing away; PURGED once values and salt are gone."""
    named = {"accession": identifiers.accession, "subject": identifiers.subject}
    if identifiers.salt is None:
        return UNREADABLE if any(named.values()) else PURGED
    return salted_digest(named, salt=identifiers.salt)


def names_digest(case: CaseRow) -> str:
    """Of its number and subject as they stand."""
    return identifiers_digest(case.identifiers) if case.identifiers else PURGED


def note_digest(session: Session, note_id: UUID | None) -> str:
    note = session.get(NoteRow, note_id) if note_id else None
    if note is None or (note.text is None) != (note.salt is None):
        return UNREADABLE
    return PURGED if note.salt is None else salted_digest(note.text, salt=note.salt)


def facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every case with its digest recomputed, for `audit verify`."""
    return recomputed(session, CaseRow, CaseRow.id, digest_of)


def identifier_facts(session: Session) -> Iterator[tuple[str, str]]:
    return recomputed(session, CaseIdentifierRow, CaseIdentifierRow.case_id, identifiers_digest)


def priority_digest(given: list[CasePriorityRow]) -> str:
    """Of all that was ever decided about one case's urgency, oldest first."""
    return digest([told_of(row, "id", "case_id", "priority", "by_id", "at") for row in given])


def withdrawal_digest(row: CaseWithdrawalRow) -> str:
    return digest(told_of(row, "case_id", "by_id", "note_id", "note_digest", "at"))


def priority_facts(session: Session) -> Iterator[tuple[str, str]]:
    """Every case whose urgency was ever decided, with the digest of those decisions recomputed; one that cannot be read
    is left out, which changes it."""
    given: dict[str, list[CasePriorityRow]] = {}
    for _, row in every_row(session, CasePriorityRow, CasePriorityRow.id):
        if row is not None:
            given.setdefault(str(row.case_id), []).append(row)
    for case_id, rows in given.items():
        yield case_id, priority_digest(sorted(rows, key=lambda row: (row.at, str(row.id))))


def withdrawal_facts(session: Session) -> Iterator[tuple[str, str]]:
    return recomputed(session, CaseWithdrawalRow, CaseWithdrawalRow.case_id, withdrawal_digest)


def withdrawal_note_facts(session: Session) -> Iterator[tuple[str, str]]:
    return recomputed(
        session, CaseWithdrawalRow, CaseWithdrawalRow.case_id, lambda row: note_digest(session, row.note_id)
    )
