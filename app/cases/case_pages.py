"""One case: what its cells come to, and their gallery, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.accounts import queries as accounts
from app.accounts.guards import CaseReader, Visit
from app.actor import Permission
from app.audit import ledger
from app.audit.events import Event, shown_to_reader
from app.cases import queries
from app.cases.rules import UNNAMED, Priority, may_share
from app.cases.tables import CaseRow
from app.db import OurDatabase
from app.gallery import queries as gallery_queries
from app.gallery import rules as gallery_rules
from app.gallery import words as gallery_words
from app.gallery.rules import Filters, ShownCell
from app.gallery.view import Gallery, Way, gallery
from app.policy import queries as policies
from app.reports import listing_queries, rules, words
from app.reports import queries as reports
from app.reports.listing_queries import NEVER_SIGNED
from app.reports.sheet import MixedUp, mixed_up
from app.review import queries as reviews
from app.review.rules import Verdict
from app.screening import queries as screenings
from app.vision.quality import Unusable
from app.web.paging import PageNumber
from app.web.parameters import Chosen
from app.web.templating import render

router = APIRouter(include_in_schema=False)
REASONS = (*(code.value for code in Unusable), Verdict.UNUSABLE_IMAGE.value)


@dataclass(frozen=True)
class Withdrawn:
    """`versions`: how many were signed before, which all stay."""

    reason: str
    by: str
    at: datetime
    versions: int


@dataclass(frozen=True)
class Head:
    """What a case is, and what this visitor may do with it."""

    href: str
    number: str
    subject: str
    opened: datetime
    opened_by: str
    state: str
    tone: str
    fault: str | None
    versions: tuple[int, ...]
    added_to: bool
    corrected: bool
    urgent: bool
    other_priority: str
    withdrawn: Withdrawn | None
    may_add: bool
    may_manage: bool
    may_sign: bool
    add: str  # the upload page, for more cells of this case


@dataclass(frozen=True)
class Told:
    """The roll-up with its rule, and what a call is worth at the laboratory's prevalence."""

    headline: str
    under: str
    rule: tuple[str, ...]
    prevalence: str
    trust: tuple[str, ...]


@dataclass(frozen=True)
class CasePage:
    head: Head
    for_reading: int
    told: Told | None
    mixed_up: MixedUp | None
    gallery: Gallery


@router.get("/cases/{case_id}")
def case(
    request: Request,
    case_id: UUID,
    visit: CaseReader,
    database: OurDatabase,
    cell: Chosen = [],  # noqa: B006  FastAPI makes it anew each time
    page: PageNumber = 1,
) -> Response:
    """Made while nobody waits for a lock, however large the case is; then the events of what it shows."""
    filters = gallery_rules.parse_filters(request.query_params, reasons=REASONS)
    with database.snapshot() as session:
        content, shown = _page(session, visit, case_id=case_id, filters=filters, chosen=cell, number=page)
    with database.writing() as session:
        for event in shown:
            ledger.record(session, visit.actor, event)
    return render(request, "cases/case.html", content, frame=visit.frame)


def _page(
    db: Session, visit: Visit, *, case_id: UUID, filters: Filters, chosen: Sequence[UUID], number: int
) -> tuple[CasePage, list[Event]]:
    """With the events of what it shows."""
    found = queries.get(db, visit.actor, case_id)
    everything = gallery_queries.cells_of(db, case_id)
    cells = gallery_rules.hide(everything, reviews.hidden_in_cases(db, visit.actor, [case_id]))
    known = {one.id for one in cells}
    way = Way(f"/cases/{case_id}", filters, gallery_rules.chosen_to_compare(one for one in chosen if one in known))
    head = _head(db, visit, case=found, cells=everything)
    view, shown = gallery(cells, way=way, number=number, withdrawn=head.withdrawn is not None)
    hidden = {one.id for one in cells if one.hidden}
    told = None if hidden or head.fault else _told(db, cells, withdrawn=head.withdrawn is not None)
    mixed = mixed_up([one for one in screenings.mixed_up_in(db, case_id) if one not in hidden])
    page = CasePage(head, len(hidden), told, mixed, view)
    return page, shown_to_reader(shown, hidden=hidden, where="GET /cases/{id}", case=case_id)


def _head(db: Session, visit: Visit, *, case: CaseRow, cells: Sequence[ShownCell]) -> Head:
    signed = listing_queries.signed_among(db, [case.id]).get(case.id, NEVER_SIGNED)
    withdrawn = _withdrawn(db, case, versions=signed.versions)
    fault = reports.fault_seen(db, case, cells=len(cells)) if signed.versions else None
    facts = rules.Facts(
        tuple(cells),
        versions=signed.versions,
        withdrawn=withdrawn is not None,
        named=case.accession is not None,
        mismatch=fault,
    )
    state = rules.state_of(facts)
    priority = queries.priority(db, case.id)
    shares = may_share(opened_by=case.opened_by, actor_id=visit.actor.id)
    return Head(
        href=f"/cases/{case.id}",
        number=case.accession or UNNAMED,
        subject=case.subject or "not given",
        opened=case.opened_at,
        opened_by=accounts.name(db, case.opened_by),
        state=words.STATES[state],
        tone=words.tone(state, stands=signed.stands),
        fault=fault,
        versions=tuple(range(1, signed.versions + 1)),
        added_to=signed.added_to,
        corrected=signed.corrected,
        urgent=priority is Priority.URGENT,
        other_priority=(Priority.ROUTINE if priority is Priority.URGENT else Priority.URGENT).value,
        withdrawn=withdrawn,
        may_add=visit.actor.may(Permission.SCREEN),
        may_manage=shares or queries.may_keep(db, visit.actor, case),
        may_sign=visit.actor.may(Permission.SIGN),
        add=f"/?case_id={case.id}",
    )


def _withdrawn(db: Session, case: CaseRow, *, versions: int) -> Withdrawn | None:
    row = queries.withdrawal(db, case.id)
    if row is None:
        return None
    reason = queries.note_text(db, row.note_id) or "The reason has been purged."
    return Withdrawn(reason, accounts.name(db, row.by_id), row.at, versions)


def _told(db: Session, cells: Sequence[ShownCell], *, withdrawn: bool) -> Told:
    policy = policies.current(db)
    rolled = rules.roll_up(cells, minimum=policy.minimum_cells)
    models = screenings.models_with_cards(db, {cell.model_id for cell in cells if cell.model_id})
    trust = (gallery_words.trust(model, prevalence=policy.prevalence_all) for model in models)
    return Told(
        headline=words.headline(rolled),
        under=words.under_headline(rolled, withdrawn=withdrawn),
        rule=(words.RULE, *([words.interval(rolled)] if rolled.sufficient else []), *words.LIMITS),
        prevalence=f"{policy.prevalence_all * 100:g} %",
        trust=tuple(told for told in trust if told),
    )
