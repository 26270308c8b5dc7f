"""The result of one screening: as it was given, and explained when somebody asks; nothing of it before a blind read.

What is slow (model, measuring) runs after the session is closed, in the thread pool.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.accounts import queries as accounts
from app.accounts.guards import ResultReader, Visit
from app.actor import Permission
from app.audit import ledger
from app.audit.events import Act, Event, results_shown
from app.audit.queries import released_at
from app.cases import queries as cases
from app.cases.rules import UNNAMED
from app.db import Database, OurDatabase
from app.review import desk_queries, read_queries
from app.review import queries as reviews
from app.review import words as review_words
from app.review.comment_queries import Comments, comments_for
from app.review.request_queries import Requests, requests_for
from app.review.rules import Awaits, Review, ReviewState
from app.review.tables import ReadRow
from app.screening import explanation, queries, rules, words
from app.screening.explanation import View
from app.screening.explanation_view import Explained, explained
from app.screening.forms import OurInstrument
from app.screening.instrument import Instrument
from app.screening.model_view import calibration
from app.screening.tables import ScreeningRow
from app.storage import ImageNotFound
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Scale:
    """The probability between the thresholds, in hundredths of the scale's width."""

    lower: str
    upper: str
    upper_width: str
    middle_width: str
    at: str


@dataclass(frozen=True)
class ReadShown:
    kind: str
    reader: str
    blind: str
    verdict: str
    note: str
    at: datetime


@dataclass(frozen=True)
class ResultPage:
    """`hidden`: a blind read of this reader is due, and of score, band, reasons and findings there is nothing here.

    `view`: None shows the whole image, as for one that was refused, or is to be read.
    """

    here: str
    short_id: str
    image: str
    view: View | None
    hidden: bool
    already: bool
    """Whoever sent this image had sent it to this case before."""
    added_later: bool
    """The case had been signed before this cell was added."""
    verdict: str | None
    """That of the readers, once it is settled."""
    band: str
    band_code: str
    probability: str
    says_nothing: bool
    """A low score of a cell that it cannot clear."""
    scale: Scale | None
    thresholds: str
    calibration: str | None
    why_unusable: str | None
    why_not_cleared: tuple[str, ...]
    reasons: tuple[str, ...]
    elsewhere: str | None
    review: str
    reads: tuple[ReadShown, ...]
    requests: Requests
    comments: Comments
    model: str
    model_href: str
    model_sha256: str
    statement: str
    sandbox: bool
    case: str
    case_href: str | None
    withdrawn: bool
    at: datetime
    pixels_sha256: str
    ask_action: str | None
    read_href: str | None
    explained: Explained | None
    heat_map_on: bool


@dataclass(frozen=True)
class Facts:
    """What the record says of one screening, for one visitor; read in one session."""

    screening: ScreeningRow
    card: dict[str, Any]
    hidden: bool
    review: Review
    reads: tuple[ReadShown, ...]
    requests: Requests
    comments: Comments
    may_read: bool
    sees_case: bool
    added_later: bool
    elsewhere: bool


@router.get("/screenings/{screening_id}")
def result(
    request: Request,
    screening_id: UUID,
    visit: ResultReader,
    database: OurDatabase,
    instrument: OurInstrument,
    already: Annotated[bool, Query()] = False,  # noqa: FBT002
) -> Response:
    """`already`: they have just sent an image that the case had."""
    known = _facts(database, visit, screening_id, where="GET /screenings/{id}")
    page = _page(known, view=_where_to_look(instrument, known), already=already)
    return render(request, "screening/result.html", page, frame=visit.frame)


def _where_to_look(instrument: Instrument, known: Facts) -> View | None:
    """What was found stays to be seen where the pixels are gone or cannot be read, as `doctor` tells of them."""
    if known.screening.probability is None or known.hidden:
        return None
    try:
        return explanation.view(instrument, known.screening, card=known.card)
    except ImageNotFound:
        return None


@router.get("/screenings/{screening_id}/explained")
def explain(
    request: Request,
    screening_id: UUID,
    visit: ResultReader,
    database: OurDatabase,
    instrument: OurInstrument,
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """`show=heatmap`: with the heat map on from the start."""
    known = _facts(database, visit, screening_id, where="GET /screenings/{id}/explained")
    if known.hidden:
        return RedirectResponse(f"/screenings/{screening_id}", status_code=303)
    found = explanation.explain(instrument, known.screening, card=known.card)
    shown = explained(found, known.screening, card=known.card, references=instrument.references)
    page = _page(known, view=found.view, explained=shown, heat_map_on=show == "heatmap")
    return render(request, "screening/result.html", page, frame=visit.frame)


def _facts(database: Database, visit: Visit, screening_id: UUID, *, where: str) -> Facts:
    """Read while nobody waits for a lock, and then remembered in the ledger as shown; the image alone where the rest is
    hidden."""
    with database.snapshot() as session:
        facts = _read(session, visit, screening_id)
    shown = facts.screening.id
    alone = Event(Act.IMAGE_SHOWN, "screening", str(shown), {"view": "for_reading"})
    with database.writing() as session:
        ledger.record(session, visit.actor, alone if facts.hidden else results_shown([shown], where=where))
    return facts


def _read(session: Session, visit: Visit, screening_id: UUID) -> Facts:
    screening = reviews.visible(session, visit.actor, screening_id)
    hidden = bool(reviews.hidden_from(session, visit.actor, [screening.id]))
    given = read_queries.reads_shown(session, visit.actor, screening.id)
    task = desk_queries.task_of(session, visit.actor, screening)
    is_own = read_queries.has_sent(session, visit.actor.id, screening)
    sees_case = cases.may_see(session, visit.actor, screening.case_id)
    signed_at = released_at(session, screening.case_id) if sees_case else None
    return Facts(
        screening=screening,
        card=screening.model.card,
        hidden=hidden,
        review=reviews.reviews_by_id(session, [screening.id])[screening.id],
        reads=_reads(session, given),
        requests=requests_for(session, visit.actor, screening),
        comments=comments_for(session, visit.actor, screening.id),
        may_read=visit.actor.may(_to_read(task)) and not is_own and task.is_theirs,
        sees_case=sees_case,
        added_later=signed_at is not None and screening.at > signed_at,
        elsewhere=queries.also_elsewhere(session, screening),
    )


def _to_read(task: desk_queries.Task) -> Permission:
    return Permission.ADJUDICATE if task.awaits is Awaits.SENIOR else Permission.READ


def _reads(session: Session, given: list[ReadRow]) -> tuple[ReadShown, ...]:
    names = accounts.names(session, {read.reader_id for read in given})
    return tuple(
        ReadShown(
            kind=review_words.READ_KINDS[read.kind],
            reader=names[read.reader_id],
            blind=review_words.verdict(read.blind_verdict),
            verdict=review_words.verdict(read.verdict),
            note=read_queries.note_of(session, read),
            at=read.at,
        )
        for read in given
    )


def _page(
    known: Facts,
    *,
    view: View | None,
    explained: Explained | None = None,
    heat_map_on: bool = False,
    already: bool = False,
) -> ResultPage:
    """Who reads the screening but may not see its case is not told whose it is."""
    screening, hidden, review = known.screening, known.hidden, known.review
    waiting = not review.withdrawn and review.state.waits
    askable = known.sees_case and not review.withdrawn and review.state is ReviewState.NOT_NEEDED
    return ResultPage(
        here=f"/screenings/{screening.id}",
        short_id=words.short_id(screening.id),
        image=f"/screenings/{screening.id}/image",
        view=view,
        hidden=hidden,
        already=already,
        added_later=known.added_later and not review.withdrawn,
        verdict=None if hidden or review.state is not ReviewState.SETTLED else review_words.verdict(review.verdict),
        band=review_words.FOR_READING if hidden else words.band(screening),
        band_code="reading" if hidden else words.band_code(screening),
        probability="" if hidden else words.probability(screening),
        says_nothing=not hidden and screening.low_score_says_nothing,
        scale=None if hidden else _scale(screening),
        thresholds="" if hidden else _thresholds(screening),
        calibration=None if hidden else _calibration(known),
        why_unusable=None if hidden else words.why_unusable(screening),
        why_not_cleared=() if hidden else words.why_not_cleared(screening),
        reasons=() if hidden else words.reasons(screening),
        elsewhere=words.ELSEWHERE if known.elsewhere and known.sees_case else None,
        review=_waits(known) if hidden else review_words.review(review),
        reads=() if hidden else known.reads,
        requests=known.requests,
        comments=known.comments,
        model=words.model(screening),
        model_href=f"/models/{screening.model_id}",
        model_sha256=screening.model.sha256,
        statement=rules.statement(screening.thresholds["prior_all"]),
        sandbox=screening.sandbox,
        case=(screening.case.accession or UNNAMED) if known.sees_case else "not shown to readers",
        case_href=f"/cases/{screening.case_id}" if known.sees_case else None,
        withdrawn=review.withdrawn,
        at=screening.at,
        pixels_sha256=screening.pixels_sha256,
        ask_action=f"/screenings/{screening.id}/ask" if askable else None,
        read_href=f"/review/{screening.id}" if known.may_read and waiting else None,
        explained=explained,
        heat_map_on=heat_map_on,
    )


def _waits(known: Facts) -> str:
    """Of a cell that is hidden."""
    if not known.review.state.waits:
        return "Its image was screened again, and waits for a read."
    return "It waits for your read." if known.may_read else review_words.review(known.review)


def _calibration(known: Facts) -> str | None:
    """Nothing of a cell that its score cannot clear: the evaluation was not of such."""
    screening = known.screening
    if screening.probability is None or not screening.clears:
        return None
    return calibration(known.card, probability=screening.probability)


def _scale(screening: ScreeningRow) -> Scale | None:
    if screening.probability is None:
        return None
    lower = screening.thresholds["not_suspected_below"] * 100 if screening.clears else 0.0
    upper = screening.thresholds["suspected_from"] * 100
    numbers = (lower, upper, 100 - upper, upper - lower, screening.probability * 100)
    return Scale(*(f"{number:.2f}" for number in numbers))


def _thresholds(screening: ScreeningRow) -> str:
    told = screening.thresholds
    suspected = f"ALL suspected from {words.percent(told['suspected_from'])}"
    if not screening.clears:
        return f"{suspected}, uncertain below."
    return f"{suspected}, ALL not suspected below {words.percent(told['not_suspected_below'])}, uncertain between."
