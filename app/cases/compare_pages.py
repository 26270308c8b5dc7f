"""Cells of one case side by side, at one scale."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.accounts.guards import CaseReader, Visit
from app.audit import ledger
from app.audit.events import Event, shown_to_reader
from app.cases import queries
from app.db import OurDatabase
from app.gallery import queries as gallery_queries
from app.gallery import rules as gallery_rules
from app.gallery import words as gallery_words
from app.gallery.rules import ShownCell
from app.gallery.view import Way, address
from app.screening import queries as screenings
from app.screening import words as screening_words
from app.screening.queries import ScreeningNotFound
from app.screening.tables import ImageRow
from app.web.parameters import Chosen
from app.web.templating import render

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Side:
    """One cell, in the middle of a square whose side, in pixels, is the same for all."""

    href: str
    image: str
    short_id: str
    alt: str
    group: str
    told: str
    score: str
    review: str
    width: int
    height: int
    x: str
    y: str
    without: str


@dataclass(frozen=True)
class ComparePage:
    case_href: str
    more_href: str
    chosen: int
    chosen_most: int
    square: int
    sides: tuple[Side, ...]
    withdrawn: bool


@router.get("/cases/{case_id}/compare")
def compare(
    request: Request,
    case_id: UUID,
    visit: CaseReader,
    database: OurDatabase,
    cell: Chosen = [],  # noqa: B006  FastAPI makes it anew each time
) -> Response:
    chosen = gallery_rules.chosen_to_compare(cell)
    with database.snapshot() as session:
        content, shown = _page(session, visit, case_id=case_id, chosen=chosen)
    with database.writing() as session:
        for event in shown:
            ledger.record(session, visit.actor, event)
    return render(request, "cases/compare.html", content, frame=visit.frame)


def _page(db: Session, visit: Visit, *, case_id: UUID, chosen: tuple[UUID, ...]) -> tuple[ComparePage, list[Event]]:
    """With the events of what it shows."""
    case = queries.get(db, visit.actor, case_id)
    known = {one.id: one for one in gallery_queries.cells_shown_to(db, visit.actor, case_id)}
    if unknown := [one for one in chosen if one not in known]:
        raise ScreeningNotFound(
            f"There is no cell {screening_words.short_id(unknown[0])} in this case. Choose cells in its gallery."
        )
    images = screenings.images(db, {known[one].image for one in chosen})
    withdrawn = queries.withdrawal(db, case.id) is not None
    square = max((max(image.width, image.height) for image in images.values()), default=1)
    way = Way(f"/cases/{case_id}", chosen=chosen)
    page = ComparePage(
        case_href=way.address,
        more_href=way.to(way.filters),
        chosen=len(chosen),
        chosen_most=gallery_rules.TO_COMPARE_MOST,
        square=square,
        sides=tuple(_side(known[one], image=images[known[one].image], square=square, way=way) for one in chosen),
        withdrawn=withdrawn,
    )
    hidden = {one for one in chosen if known[one].hidden}
    return page, shown_to_reader(list(chosen), hidden=hidden, where="GET /cases/{id}/compare", case=case_id)


def _side(cell: ShownCell, *, image: ImageRow, square: int, way: Way) -> Side:
    short_id = screening_words.short_id(cell.id)
    others = Way(f"{way.address}/compare", chosen=tuple(one for one in way.chosen if one != cell.id))
    return Side(
        href=address(cell),
        image=f"/screenings/{cell.id}/image",
        short_id=short_id,
        alt=gallery_words.alternative(cell, short_id=short_id),
        group=cell.group.value,
        told=gallery_words.GROUPS[cell.group],
        score="" if cell.hidden else gallery_words.score_told(cell),
        review=gallery_words.review(cell),
        width=image.width,
        height=image.height,
        x=f"{(square - image.width) / 2:g}",
        y=f"{(square - image.height) / 2:g}",
        without=others.page,
    )
