"""The list of cases as they stand: which, in which order, and what each has come to, in a handful of statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from app.accounts.tables import ActorRow
from app.actor import Actor, ActorKind
from app.cases import queries as case_queries
from app.cases.queries import is_urgent, is_withdrawn, visible_to
from app.cases.rules import Which, Whose
from app.cases.tables import CaseRow, CaseShareRow
from app.gallery.rules import Group
from app.reports.listing_queries import (
    NEVER_SIGNED,
    Signed,
    count_by_call,
    counting_among,
    has_suspected,
    is_settled_by_signature,
    mismatched_among,
    signed_among,
)
from app.reports.rules import CaseState, state_by
from app.review import queries as reviews
from app.screening.tables import OpenFlagRow, ScreeningRow


@dataclass(frozen=True)
class Asked:
    """Which cases a list shows. `overdue_before`: what has waited for a read since then is overdue."""

    whose: Whose
    which: Which
    overdue_before: datetime


def listed(session: Session, actor: Actor, asked: Asked, *, offset: int, limit: int) -> list[CaseRow]:
    """Cases that no signature settles: with a suspected cell first, then the urgent ones; then the newest."""
    first = and_(~is_settled_by_signature(), _suspected(session, actor)), and_(~is_settled_by_signature(), is_urgent())
    rows = select(CaseRow).where(visible_to(actor), _whose(asked.whose, actor), _which(asked))
    rows = rows.order_by(*(one.desc() for one in first), CaseRow.opened_at.desc(), CaseRow.id)
    return list(session.scalars(rows.offset(offset).limit(limit)))


def _whose(whose: Whose, actor: Actor) -> ColumnElement[bool]:
    if whose is Whose.MINE:
        return CaseRow.opened_by == actor.id
    if whose is Whose.SHARED:
        return CaseRow.id.in_(select(CaseShareRow.case_id).where(CaseShareRow.actor_id == actor.id))
    if whose is Whose.LAB:
        return CaseRow.opened_by.in_(select(ActorRow.id).where(ActorRow.kind == ActorKind.LAB))
    return true()


def _which(asked: Asked) -> ColumnElement[bool]:
    if asked.which is Which.WITHDRAWN:
        return is_withdrawn()
    narrowed = {
        Which.URGENT: is_urgent(),
        Which.OVERDUE: _waits_since(asked.overdue_before),
        Which.UNSIGNED: ~is_settled_by_signature(),
    }
    return and_(~is_withdrawn(), narrowed.get(asked.which, true()))


def _suspected(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Whether a case has a cell that counts as suspected, of those that are not hidden from this viewer: the order of a
    list would give them away."""
    return has_suspected(~reviews.is_hidden_from(session, actor))


def _waits_since(before: datetime) -> ColumnElement[bool]:
    waits = select(OpenFlagRow.screening_id).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return waits.where(ScreeningRow.case_id == CaseRow.id, OpenFlagRow.flagged_at < before).correlate(CaseRow).exists()


@dataclass(frozen=True)
class Summary:
    """What a list says of one case. `groups`: how many cells count as each, with those that this viewer reads blind
    apart."""

    state: CaseState
    urgent: bool
    waiting_since: datetime | None
    signed: Signed = NEVER_SIGNED
    groups: dict[Group, int] = field(default_factory=dict)


def summaries(session: Session, actor: Actor, cases: Sequence[CaseRow]) -> dict[UUID, Summary]:
    case_ids, named = [case.id for case in cases], {case.id for case in cases if case.accession}
    counts, waiting = count_by_call(session, case_ids), _waiting_since(session, case_ids)
    signed = signed_among(session, case_ids)
    mismatched = mismatched_among(session, list(signed)) if signed else set()
    urgent = case_queries.urgent_among(session, case_ids)
    withdrawn = case_queries.withdrawn_among(session, case_ids)

    def state(case_id: UUID) -> CaseState:
        return state_by(
            withdrawn=case_id in withdrawn,
            versions=signed.get(case_id, NEVER_SIGNED).versions,
            waits=case_id in waiting,
            usable=any(count for band, count in counts[case_id].items() if band != Group.UNUSABLE),
            named=case_id in named,
            mismatch=case_id in mismatched,
        )

    hidden = counting_among(session, reviews.hidden_in_cases(session, actor, case_ids), case_ids=case_ids)
    groups = _groups(counts, hidden)
    return {
        one: Summary(
            state=state(one),
            urgent=one in urgent,
            waiting_since=waiting.get(one),
            signed=signed.get(one, NEVER_SIGNED),
            groups=groups[one],
        )
        for one in case_ids
    }


def _groups(counts: dict[UUID, dict[str, int]], hidden: Iterable[tuple[UUID, str]]) -> dict[UUID, dict[Group, int]]:
    """`hidden`: of each cell that this viewer reads blind, its case, and the group that they must not learn."""
    groups = {case_id: {group: found.get(group, 0) for group in Group} for case_id, found in counts.items()}
    for case_id, group in hidden:
        groups[case_id][Group(group)] -= 1
        groups[case_id][Group.READING] += 1
    return groups


def _waiting_since(session: Session, case_ids: list[UUID]) -> dict[UUID, datetime]:
    waiting = select(ScreeningRow.case_id, func.min(OpenFlagRow.flagged_at))
    waiting = waiting.join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id)
    waiting = waiting.where(ScreeningRow.case_id.in_(case_ids)).group_by(ScreeningRow.case_id)
    return dict(session.execute(waiting).all())
