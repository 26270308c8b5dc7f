"""The clinicians' side of a screening: result, image, and the model that gave it."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import ResultReader, Uploader, Visit, Visitor
from app.actor import Permission
from app.audit import ledger
from app.audit.events import Act, Event, results_shown
from app.cases import queries as case_queries
from app.cases.rules import UNNAMED
from app.db import DbSession, OurDatabase
from app.review import queries as reviews
from app.review import words as review_words
from app.review.rules import ReviewState
from app.screening import actions, rules, words
from app.screening.forms import OurInstrument
from app.screening.model_card import model_page
from app.screening.tables import ScreeningRow
from app.web.csrf import CheckedForm
from app.web.templating import render

router = APIRouter(include_in_schema=False)
THUMBNAIL_SIDES = {96, 192}


@dataclass(frozen=True)
class Scale:
    """The probability between the thresholds, in hundredths of the scale's width."""

    lower: str
    upper: str
    upper_width: str
    middle_width: str
    at: str


@dataclass(frozen=True)
class ResultPage:
    short_id: str
    image: str
    band: str
    band_code: str
    probability: str
    scale: Scale | None
    thresholds: str
    why_unusable: str | None
    reasons: tuple[str, ...]
    review: str
    model: str
    model_sha256: str
    statement: str
    sandbox: bool
    case: str
    case_href: str | None
    when: str
    pixels_sha256: str
    ask_action: str | None
    read_href: str | None


@router.get("/model")
def model(request: Request, visit: Visitor, instrument: OurInstrument) -> Response:
    page = model_page(instrument.classifier.card)
    return render(request, "screening/model.html", page, frame=visit.frame)


@router.get("/screenings/{screening_id}")
def result(request: Request, screening_id: UUID, visit: ResultReader, db: DbSession) -> Response:
    screening = reviews.visible(db, visit.actor, screening_id)
    ledger.record(db, visit.actor, results_shown([screening.id], where="GET /screenings/{id}"))
    review = reviews.reviews_of(db, [screening])[screening.id]
    sees_case = case_queries.may_see(db, visit.actor, screening.case_id)
    page = _result_page(screening, review, visit, sees_case=sees_case)
    return render(request, "screening/result.html", page, frame=visit.frame)


def _result_page(screening: ScreeningRow, review: reviews.Review, visit: Visit, *, sees_case: bool) -> ResultPage:
    """Who reads the screening but may not see its case is not told whose it is."""
    may_read = visit.actor.may(Permission.READ) and visit.actor.id != screening.submitted_by
    number = screening.case.accession or UNNAMED
    return ResultPage(
        short_id=words.short_id(screening),
        image=f"/screenings/{screening.id}/image",
        band=words.band(screening),
        band_code=words.band_code(screening),
        probability=words.probability(screening),
        scale=_scale(screening),
        thresholds=_thresholds(screening),
        why_unusable=words.why_unusable(screening),
        reasons=words.reasons(screening),
        review=review_words.review(review),
        model=words.model(screening),
        model_sha256=screening.model.sha256,
        statement=rules.statement(screening.thresholds["prior_all"]),
        sandbox=screening.sandbox,
        case=number if sees_case else "not shown to readers",
        case_href=f"/cases/{screening.case_id}" if sees_case else None,
        when=words.when(screening.at),
        pixels_sha256=screening.pixels_sha256,
        ask_action=f"/screenings/{screening.id}/ask" if sees_case and review.state is ReviewState.NOT_NEEDED else None,
        read_href=f"/review/{screening.id}" if may_read and review.state is ReviewState.WAITING else None,
    )


def _scale(screening: ScreeningRow) -> Scale | None:
    if screening.probability is None:
        return None
    lower = screening.thresholds["not_suspected_below"] * 100
    upper = screening.thresholds["suspected_from"] * 100
    numbers = (lower, upper, 100 - upper, upper - lower, screening.probability * 100)
    return Scale(*(f"{number:.2f}" for number in numbers))


def _thresholds(screening: ScreeningRow) -> str:
    told = screening.thresholds
    return (
        f"{words.BANDS[rules.Band.SUSPECTED]} from {words.percent(told['suspected_from'])}, "
        f"{words.BANDS[rules.Band.NOT_SUSPECTED].lower().replace('all', 'ALL')} below "
        f"{words.percent(told['not_suspected_below'])}, uncertain between."
    )


@router.post("/screenings/{screening_id}/ask")
def ask(screening_id: UUID, visit: Uploader, db: DbSession, form: CheckedForm) -> Response:
    """Ask for a human read."""
    actions.ask_for_read(db, visit.actor, screening_id=screening_id)
    return RedirectResponse(f"/screenings/{screening_id}", status_code=303)


@router.get("/screenings/{screening_id}/image")
def image(screening_id: UUID, visit: ResultReader, db: DbSession, instrument: OurInstrument) -> Response:
    screening = reviews.visible(db, visit.actor, screening_id)
    ledger.record(db, visit.actor, Event(Act.IMAGE_SHOWN, "screening", str(screening.id)))
    return Response(instrument.store.png(screening.pixels_sha256), media_type="image/png")


@router.get("/screenings/{screening_id}/thumbnail/{side}")
def thumbnail(
    screening_id: UUID,
    side: Annotated[int, Path()],
    visit: ResultReader,
    database: OurDatabase,
    instrument: OurInstrument,
) -> Response:
    """Checked each time; the page that shows thumbnails has left the one event for all of them."""
    with database.reading() as session:
        screening = reviews.visible(session, visit.actor, screening_id)
    small = instrument.store.thumbnail(screening.pixels_sha256, side=min(THUMBNAIL_SIDES, key=lambda s: abs(s - side)))
    return Response(small, media_type="image/png", headers={"cache-control": "private, max-age=600"})
