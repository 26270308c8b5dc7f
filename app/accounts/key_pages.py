"""The administrator's side of lab systems: their keys, made, rotated and revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app import clock
from app.accounts import key_actions, queries, rules
from app.accounts.guards import Administrator
from app.accounts.rules import Scope
from app.accounts.tables import KeyRow
from app.db import DbSession, OurDatabase
from app.errors import BlastscreenError, Conflict, Invalid
from app.web.csrf import CheckedForm, text
from app.web.errors import show_again
from app.web.templating import render

router = APIRouter(include_in_schema=False)
SCOPES = {
    Scope.SCREEN: "sends cells",
    Scope.READ: "reads the results of what its client sent",
    Scope.READ_ALL: "reads every result, and with screen adds to every open case",
    Scope.METRICS: "reads the figures of the service",
}


@dataclass(frozen=True)
class ScopeChoice:
    code: str
    told: str
    chosen: bool


@dataclass(frozen=True)
class KeyLine:
    client: str
    prefix: str
    scopes: str
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    state: str
    replaced_from: datetime | None
    revoke: str | None
    rotate: str | None


@dataclass(frozen=True)
class KeysPage:
    """`new_key`: one just made, to be shown this once."""

    keys: tuple[KeyLine, ...]
    scopes: tuple[ScopeChoice, ...]
    overlaps: tuple[tuple[int, str], ...]
    client: str
    days: str
    new_key: str | None
    error: str | None


def _line(key: KeyRow, *, now: datetime) -> KeyLine:
    life = key_actions.life_of(key)
    fault = rules.key_fault(life, now=now)
    replaced = life.replaced_from
    return KeyLine(
        client=key.client.name,
        prefix=f"bs_{key.prefix}_…",
        scopes=", ".join(key.scopes),
        created=key.created_at,
        expires=key.expires_at,
        last_used=key.use.last_used_at,
        state=fault or ("replaced, works until" if replaced else "in use"),
        replaced_from=None if fault else replaced,
        revoke=f"/admin/keys/{key.prefix}/revoke" if fault is None else None,
        rotate=f"/admin/keys/{key.prefix}/rotate" if fault is None and replaced is None else None,
    )


def _keys(
    session: Session,
    *,
    new_key: str | None = None,
    error: BlastscreenError | None = None,
    client: str = "",
    days: str = "365",
    chosen: tuple[str, ...] = (Scope.SCREEN, Scope.READ),
) -> KeysPage:
    now = clock.now()
    return KeysPage(
        keys=tuple(_line(key, now=now) for key in queries.keys(session)),
        scopes=tuple(ScopeChoice(scope.value, told, scope in chosen) for scope, told in SCOPES.items()),
        overlaps=tuple(rules.OVERLAPS_H.items()),
        client=client,
        days=days,
        new_key=new_key,
        error=error.message if error else None,
    )


@router.get("/admin/keys")
def keys(request: Request, visit: Administrator, db: DbSession) -> Response:
    return render(request, "accounts/keys.html", _keys(db), frame=visit.frame)


@router.post("/admin/keys")
def create(request: Request, visit: Administrator, database: OurDatabase, form: CheckedForm) -> Response:
    client, days = text(form, "client"), text(form, "days")
    chosen = tuple(one for one in form.getlist("scope") if isinstance(one, str))
    try:
        with database.writing() as session:
            life = rules.parse_days(days)
            key = key_actions.create_key(
                session,
                visit.actor,
                client_name=rules.parse_client_name(client),
                scopes=rules.parse_scopes(",".join(chosen)),
                expires_at=clock.now() + life if life else None,
            )
            page = _keys(session, new_key=key.whole)
    except (Invalid, Conflict) as error:
        with database.reading() as session:
            page = _keys(session, error=error, client=client, days=days, chosen=chosen)
        return show_again(request, "accounts/keys.html", page, frame=visit.frame, error=error)
    return render(request, "accounts/keys.html", page, frame=visit.frame)


@router.post("/admin/keys/{prefix}/revoke")
def revoke(prefix: str, visit: Administrator, db: DbSession, form: CheckedForm) -> Response:
    """From the next request on."""
    key_actions.revoke_key(db, visit.actor, prefix=prefix)
    return RedirectResponse("/admin/keys", status_code=303)


@router.post("/admin/keys/{prefix}/rotate")
def rotate(request: Request, prefix: str, visit: Administrator, database: OurDatabase, form: CheckedForm) -> Response:
    """A new key now; the old one works until the overlap ends."""
    try:
        with database.writing() as session:
            overlap: timedelta = rules.parse_overlap(text(form, "overlap_h"))
            key = key_actions.rotate_key(session, visit.actor, prefix=prefix, overlap=overlap)
            page = _keys(session, new_key=key.whole)
    except (Invalid, Conflict) as error:
        with database.reading() as session:
            page = _keys(session, error=error)
        return show_again(request, "accounts/keys.html", page, frame=visit.frame, error=error)
    return render(request, "accounts/keys.html", page, frame=visit.frame)
