"""The reviewer's queue, how they like it, and their keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.accounts.guards import Reviewer
from app.actor import Actor, Permission
from app.audit import ledger
from app.audit.events import Event, shown_to_reader
from app.db import DbSession, OurDatabase
from app.review import desk_queries, queries, queue_actions, queue_queries, words
from app.review.desk_rules import FILTERS, Filters, Key, UnusableKeys
from app.review.desk_rules import KEYS as USUAL_KEYS
from app.review.queue_queries import Marks
from app.review.reading_view import UndoNotice, undo_notice
from app.screening import words as screening_words
from app.screening.tables import ScreeningRow
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.paging import PageNumber, Paging
from app.web.templating import render

router = APIRouter(include_in_schema=False)
A_PAGE = 50


@dataclass(frozen=True)
class ScoreShown:
    """What is absent while a blind read is due."""

    band: str
    band_code: str
    probability: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class QueueLine:
    href: str
    thumbnail: str
    short_id: str
    score: ScoreShown | None
    what: str
    urgent: bool
    overdue: bool
    handed: bool
    draft: bool
    since: datetime
    take_back: str | None


@dataclass(frozen=True)
class Choice:
    code: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class Choices:
    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Tile:
    title: str
    count: int
    more: str


@dataclass(frozen=True)
class QueuePage:
    lines: tuple[QueueLine, ...]
    tiles: tuple[Tile, ...]
    waiting: int
    begun: int
    held: int
    own: int
    blind: bool
    filters: tuple[Choices, ...]
    filtered: bool
    put_off: bool
    withdrawn: bool
    undo: UndoNotice | None
    newer: str | None
    older: str | None


@dataclass(frozen=True)
class KeyLine:
    name: str
    title: str
    sign: str


@dataclass(frozen=True)
class KeysPage:
    keys: tuple[KeyLine, ...]
    kept: bool
    error: str | None


@router.get("/review")
def queue(
    request: Request,
    visit: Reviewer,
    database: OurDatabase,
    page: PageNumber = 1,
    withdrawn: Annotated[bool, Query()] = False,  # noqa: FBT002
) -> Response:
    """Made while nobody waits for a lock, however long the list is; then the events of what it shows.

    `withdrawn`: they have just taken back their verdict on a cell that does not wait for them now.
    """
    with database.snapshot() as session:
        content, shown = _queue_page(session, visit.actor, number=page, withdrawn=withdrawn)
    with database.writing() as session:
        for event in shown:
            ledger.record(session, visit.actor, event)
    return render(request, "review/queue.html", content, frame=visit.frame)


def _queue_page(db: Session, actor: Actor, *, number: int, withdrawn: bool) -> tuple[QueuePage, list[Event]]:
    """With the events of what it shows."""
    paging = Paging("/review", number, A_PAGE)
    reader = queue_queries.reader_of(db, actor)
    filters = desk_queries.filters_of(db, actor)
    rows = queue_queries.queue(db, reader, filters, offset=paging.offset, limit=paging.limit)
    shown = paging.shown(rows)
    ids = [row.id for row in shown]
    hidden = queries.hidden_from(db, actor, ids)
    marks, since = queue_queries.marks(db, reader, ids), queue_queries.waiting_since(db, ids)
    counts = queue_queries.counts(db, reader)
    put_off = filters.whose == "postponed"
    page = QueuePage(
        lines=tuple(_line(row, marks, since=since[row.id], hidden=row.id in hidden, put_off=put_off) for row in shown),
        tiles=_tiles(counts, actor, hours=reader.policy.turnaround_hours),
        waiting=counts.waiting,
        begun=counts.begun,
        held=counts.held,
        own=counts.own,
        blind=reader.policy.blind_first,
        filters=_choices(filters, actor, blind=reader.policy.blind_first),
        filtered=(filters.blind() if reader.policy.blind_first else filters) != Filters(),
        put_off=put_off,
        withdrawn=withdrawn,
        undo=undo_notice(db, actor),
        newer=paging.newer,
        older=paging.older(rows),
    )
    return page, shown_to_reader(ids, hidden=hidden, where="GET /review")


def _line(row: ScreeningRow, marks: Marks, *, since: datetime, hidden: bool, put_off: bool) -> QueueLine:
    score = ScoreShown(
        band=screening_words.band(row),
        band_code=screening_words.band_code(row),
        probability=screening_words.probability(row),
        reasons=screening_words.reasons(row),
    )
    return QueueLine(
        href=f"/review/{row.id}",
        thumbnail=f"/screenings/{row.id}/thumbnail/96",
        short_id=screening_words.short_id(row.id),
        score=None if hidden else score,
        what=words.what_is_due(disputed=row.id in marks.disputed, begun=row.id in marks.begun),
        urgent=row.id in marks.urgent,
        overdue=row.id in marks.overdue,
        handed=row.id in marks.handed,
        draft=row.id in marks.drafts,
        since=since,
        take_back=f"/review/{row.id}/take-back" if put_off else None,
    )


def _tiles(counts: queue_queries.Counts, actor: Actor, *, hours: int) -> tuple[Tile, ...]:
    tiles = [
        Tile("Waiting for you", counts.waiting, ""),
        Tile("Urgent", counts.urgent, ""),
        Tile("Overdue", counts.overdue, f"over {hours} h"),
        Tile("Handed to you", counts.handed, ""),
        Tile("Put off", counts.postponed, ""),
    ]
    if actor.may(Permission.ADJUDICATE):
        tiles.insert(4, Tile("To adjudicate", counts.disputes, ""))
    return tuple(tiles)


def _choices(filters: Filters, actor: Actor, *, blind: bool) -> tuple[Choices, ...]:
    hidden = {"band", "reason"} if blind else set()
    no_senior = set() if actor.may(Permission.ADJUDICATE) else {"dispute"}
    return tuple(
        Choices(
            name,
            words.FILTERS[name],
            tuple(
                Choice(code, words.FILTERED[code], code == getattr(filters, name))
                for code in ("", *codes)
                if code not in no_senior
            ),
        )
        for name, codes in FILTERS.items()
        if name not in hidden
    )


@router.post("/review/filters")
def choose_filters(visit: Reviewer, db: DbSession, form: CheckedForm) -> Response:
    queue_actions.choose_filters(db, visit.actor, told={name: text(form, name) for name in FILTERS})
    return RedirectResponse("/review", status_code=303)


@router.get("/review/next")
def next_cell(visit: Reviewer, db: DbSession) -> Response:
    """The first that nobody else has on their screen; back to the queue where there is none."""
    one = queue_actions.take_next(db, visit.actor)
    return RedirectResponse(f"/review/{one}" if one else "/review", status_code=303)


@router.get("/review/keys")
def keys(request: Request, visit: Reviewer, db: DbSession, kept: Annotated[bool, Query()] = False) -> Response:  # noqa: FBT002
    shown = {key.value: sign for key, sign in desk_queries.keys_of(db, visit.actor).items()}
    return render(request, "review/keys.html", _keys_page(shown, kept=kept), frame=visit.frame)


@router.post("/review/keys")
def choose_keys(request: Request, visit: Reviewer, database: OurDatabase, form: CheckedForm) -> Response:
    """The keys as typed; with `usual`, the usual ones again."""
    typed = _typed_keys(form)
    try:
        with database.writing() as session:
            queue_actions.choose_keys(session, visit.actor, typed=typed)
    except UnusableKeys as error:
        page = _keys_page(typed, kept=False, error=error.message)
        return show_again(request, "review/keys.html", page, frame=visit.frame, error=error)
    return RedirectResponse("/review/keys?kept=true", status_code=303)


def _typed_keys(form: FormData) -> dict[str, str]:
    if text(form, "usual"):
        return {key.value: sign for key, sign in USUAL_KEYS.items()}
    return {key.value: text(form, key.value) for key in Key}


def _keys_page(signs: dict[str, str], *, kept: bool, error: str | None = None) -> KeysPage:
    lines = tuple(KeyLine(key.value, words.KEYS[key], signs[key.value]) for key in Key)
    return KeysPage(lines, kept, error)
