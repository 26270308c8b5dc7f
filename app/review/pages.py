"""The reviewer's pages: the queue, and one cell to read."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import Reviewer, Visit
from app.audit import ledger
from app.audit.events import results_shown
from app.db import Database, DbSession, OurDatabase
from app.errors import BlastscreenError, Invalid
from app.review import actions, queries, words
from app.review.rules import NOTE_LENGTH_MOST, Verdict
from app.screening import rules as screening_rules
from app.screening import words as screening_words
from app.screening.tables import ScreeningRow
from app.web.csrf import CheckedForm, text
from app.web.paging import Paging
from app.web.templating import render

router = APIRouter(include_in_schema=False)
A_PAGE = 50


@dataclass(frozen=True)
class QueueLine:
    href: str
    thumbnail: str
    short_id: str
    band: str
    band_code: str
    probability: str
    reasons: tuple[str, ...]
    since: str


@dataclass(frozen=True)
class QueuePage:
    lines: tuple[QueueLine, ...]
    waiting: int
    own: int
    newer: str | None
    older: str | None


@dataclass(frozen=True)
class Choice:
    code: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class ReadingPage:
    action: str
    short_id: str
    image: str
    band: str
    band_code: str
    probability: str
    reasons: tuple[str, ...]
    why_unusable: str | None
    model: str
    statement: str
    sandbox: bool
    choices: tuple[Choice, ...]
    note: str
    note_length: int
    error: str | None


@router.get("/review")
def queue(
    request: Request, visit: Reviewer, db: DbSession, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> Response:
    paging = Paging("/review", page, A_PAGE)
    rows = queries.queue(db, visit.actor, offset=paging.offset, limit=paging.limit)
    shown = paging.shown(rows)
    waiting = queries.waiting(db, visit.actor)
    if shown:
        ledger.record(db, visit.actor, results_shown([row.id for row in shown], where="GET /review"))
    content = QueuePage(
        lines=tuple(_line(row) for row in shown),
        waiting=waiting.for_me,
        own=waiting.mine_for_others,
        newer=paging.newer,
        older=paging.older(rows),
    )
    return render(request, "review/queue.html", content, frame=visit.frame)


def _line(row: ScreeningRow) -> QueueLine:
    return QueueLine(
        href=f"/review/{row.id}",
        thumbnail=f"/screenings/{row.id}/thumbnail/96",
        short_id=screening_words.short_id(row),
        band=screening_words.band(row),
        band_code=screening_words.band_code(row),
        probability=screening_words.probability(row),
        reasons=screening_words.reasons(row),
        since=screening_words.when(row.at),
    )


@router.get("/review/{screening_id}")
def read(request: Request, screening_id: UUID, visit: Reviewer, db: DbSession) -> Response:
    screening = queries.to_read(db, visit.actor, screening_id)
    ledger.record(db, visit.actor, results_shown([screening.id], where="GET /review/{id}"))
    return render(request, "review/read.html", _reading_page(screening), frame=visit.frame)


@router.post("/review/{screening_id}")
def give_verdict(
    request: Request, screening_id: UUID, visit: Reviewer, database: OurDatabase, form: CheckedForm
) -> Response:
    """On to the next cell; a verdict that cannot be taken keeps what was typed."""
    chosen, note = text(form, "verdict"), text(form, "note")
    try:
        if chosen not in list(Verdict):
            raise Invalid("Choose a verdict.", code="verdict_missing")
        with database.writing() as session:
            actions.give_verdict(session, visit.actor, screening_id=screening_id, verdict=Verdict(chosen), note=note)
    except Invalid as error:
        return _again(request, visit, database, screening_id, chosen=chosen, note=note, error=error)
    return RedirectResponse("/review", status_code=303)


def _again(
    request: Request,
    visit: Visit,
    database: Database,
    screening_id: UUID,
    *,
    chosen: str,
    note: str,
    error: BlastscreenError,
) -> Response:
    with database.writing() as session:
        screening = queries.to_read(session, visit.actor, screening_id)
        ledger.record(session, visit.actor, results_shown([screening.id], where="POST /review/{id}"))
        page = _reading_page(screening, chosen=chosen, note=note, error=error.message)
        return render(request, "review/read.html", page, frame=visit.frame, status=422)


def _reading_page(
    screening: ScreeningRow, *, chosen: str = "", note: str = "", error: str | None = None
) -> ReadingPage:
    return ReadingPage(
        action=f"/review/{screening.id}",
        short_id=screening_words.short_id(screening),
        image=f"/screenings/{screening.id}/image",
        band=screening_words.band(screening),
        band_code=screening_words.band_code(screening),
        probability=screening_words.probability(screening),
        reasons=screening_words.reasons(screening),
        why_unusable=screening_words.why_unusable(screening),
        model=screening_words.model(screening),
        statement=screening_rules.statement(screening.thresholds["prior_all"]),
        sandbox=screening.sandbox,
        choices=tuple(Choice(code.value, title, code == chosen) for code, title in words.VERDICTS.items()),
        note=note,
        note_length=NOTE_LENGTH_MOST,
        error=error,
    )
