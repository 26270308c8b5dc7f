"""The list of cases as they stand: which, in which order, and what each has come to, in a handful of statements."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from app.accounts.tables import ActorRow
from app.actor import Actor, ActorKind, Permission
from app.cases import queries as case_queries
from app.cases.queries import is_urgent, is_withdrawn, visible_to
from app.cases.rules import Which, Whose
from app.cases.tables import CaseRow, CaseShareRow
from app.db import in_parts
from app.gallery.queries import cells_of
from app.gallery.rules import Group
from app.reports.rules import CaseState, state_by
from app.reports.tables import ResultVersionRow
from app.review import queries as reviews
from app.screening.queries import band_code
from app.screening.rules import Band
from app.screening.tables import FlagReasonRow, OpenFlagRow, ScreeningRow


@dataclass(frozen=True)
class Asked:
    """Which cases a list shows. `overdue_before`: what has waited for a read since then is overdue."""

    whose: Whose
    which: Which
    overdue_before: datetime


def listed(session: Session, actor: Actor, asked: Asked, *, offset: int, limit: int) -> list[CaseRow]:
    """Unsigned cases with a suspected cell first, then the urgent ones, then the newest."""
    first = and_(_suspected(actor), ~_signed()), and_(is_urgent(), ~_signed())
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
        Which.UNSIGNED: ~_signed(),
    }
    return and_(~is_withdrawn(), narrowed.get(asked.which, true()))


def _suspected(actor: Actor) -> ColumnElement[bool]:
    """Whether a case has a suspected cell. For who reads blind, one that may wait for their read does not count: the
    order of a list would give it away."""
    cells = select(ScreeningRow.id).where(ScreeningRow.case_id == CaseRow.id, ScreeningRow.band == Band.SUSPECTED)
    if actor.may(Permission.READ):
        waits = select(OpenFlagRow.screening_id).where(OpenFlagRow.screening_id == ScreeningRow.id)
        cells = cells.where(~and_(ScreeningRow.submitted_by != actor.id, waits.exists()))
    return cells.correlate(CaseRow).exists()


def _signed() -> ColumnElement[bool]:
    return select(ResultVersionRow.id).where(ResultVersionRow.case_id == CaseRow.id).correlate(CaseRow).exists()


def _waits_since(before: datetime) -> ColumnElement[bool]:
    waits = select(OpenFlagRow.screening_id).join(ScreeningRow, ScreeningRow.id == OpenFlagRow.screening_id)
    return waits.where(ScreeningRow.case_id == CaseRow.id, OpenFlagRow.flagged_at < before).correlate(CaseRow).exists()


@dataclass(frozen=True)
class Summary:
    """What a list says of one case. `groups`: how many cells of each, with those that this viewer reads blind apart."""

    state: CaseState
    urgent: bool
    waiting_since: datetime | None
    groups: dict[Group, int] = field(default_factory=dict)


def summaries(session: Session, actor: Actor, case_ids: list[UUID]) -> dict[UUID, Summary]:
    groups, sure = _groups(session, actor, case_ids), _with_a_sure_cell(session, case_ids)
    waiting, versions = _waiting_since(session, case_ids), _versions(session, case_ids)
    urgent = case_queries.urgent_among(session, case_ids)
    withdrawn = case_queries.withdrawn_among(session, case_ids)

    def state(case_id: UUID) -> CaseState:
        told = {"withdrawn": case_id in withdrawn, "waits": case_id in waiting}
        settled = any(told.values()) or versions[case_id] or case_id in sure
        usable = bool(settled) or any(cell.called for cell in cells_of(session, case_id))
        return state_by(**told, versions=versions[case_id], usable=usable)

    return {
        one: Summary(state(one), urgent=one in urgent, waiting_since=waiting.get(one), groups=groups[one])
        for one in case_ids
    }


def _groups(session: Session, actor: Actor, case_ids: list[UUID]) -> dict[UUID, dict[Group, int]]:
    outcome = band_code()
    counts: dict[UUID, Counter[Group]] = {case_id: Counter() for case_id in case_ids}
    rows = select(ScreeningRow.case_id, outcome, func.count()).where(ScreeningRow.case_id.in_(case_ids))
    for case_id, group, count in session.execute(rows.group_by(ScreeningRow.case_id, outcome)):
        counts[case_id][Group(group)] = count
    for case_id, group in _outcomes(session, reviews.hidden_in_cases(session, actor, case_ids)):
        counts[case_id][group] -= 1
        counts[case_id][Group.READING] += 1
    return {case_id: {group: found[group] for group in Group} for case_id, found in counts.items()}


def _outcomes(session: Session, screening_ids: Collection[UUID]) -> list[tuple[UUID, Group]]:
    rows = select(ScreeningRow.case_id, ScreeningRow.band)
    return [
        (case_id, Group(band) if band else Group.UNUSABLE)
        for some in in_parts(screening_ids)
        for case_id, band in session.execute(rows.where(ScreeningRow.id.in_(some)))
    ]


def _with_a_sure_cell(session: Session, case_ids: list[UUID]) -> set[UUID]:
    """Cases with a cell that counts whatever readers say of the others: it has a band, and nobody was to read it."""
    flagged = select(FlagReasonRow.screening_id).where(FlagReasonRow.screening_id == ScreeningRow.id)
    sure = select(ScreeningRow.id).where(ScreeningRow.case_id == CaseRow.id, ScreeningRow.band.is_not(None))
    return set(
        session.scalars(select(CaseRow.id).where(CaseRow.id.in_(case_ids), sure.where(~flagged.exists()).exists()))
    )


def _waiting_since(session: Session, case_ids: list[UUID]) -> dict[UUID, datetime]:
    waiting = select(ScreeningRow.case_id, func.min(OpenFlagRow.flagged_at))
    waiting = waiting.join(OpenFlagRow, OpenFlagRow.screening_id == ScreeningRow.id)
    waiting = waiting.where(ScreeningRow.case_id.in_(case_ids)).group_by(ScreeningRow.case_id)
    return dict(session.execute(waiting).all())


def _versions(session: Session, case_ids: list[UUID]) -> Counter[UUID]:
    rows = select(ResultVersionRow.case_id).where(ResultVersionRow.case_id.in_(case_ids))
    return Counter(session.scalars(rows))
