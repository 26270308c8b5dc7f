"""Who is asking? Answered in a short session of its own, before a route opens one for its act."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app import clock
from app.accounts import actions, key_actions, queries, secrets
from app.accounts.rate_limit import AskedTooOften, RateLimit
from app.accounts.rules import scopes_with
from app.accounts.sign_in_rules import SessionLimits, session_lives
from app.accounts.tables import SessionRow
from app.actor import Actor, Permission
from app.audit.refusals import Forbidden
from app.db import Database, OurDatabase
from app.errors import NotSignedIn
from app.settings import Settings
from app.web import csrf
from app.web.templating import Frame, Link
from app.web.times import absolute

SEEN_EVERY_SECONDS = 60
LINKS_COOKIE = "blastscreen_links"
"""In a session that follows on a password chosen by a link: its owner is told on each page."""
SEND_A_KEY = "Send your key in the header: Authorization: Bearer bs_…"
NAVIGATION: tuple[tuple[str, str, Permission | None], ...] = (
    ("Upload", "/", Permission.SCREEN),
    ("Cases", "/cases", Permission.SEE_OWN),
    ("Review", "/review", Permission.READ),
    ("Sign-off", "/sign-off", Permission.SIGN),
    ("Ledger", "/audit", Permission.AUDIT),
    ("Users", "/admin/users", Permission.MANAGE_ACCESS),
    ("Keys", "/admin/keys", Permission.MANAGE_ACCESS),
    ("Policy", "/admin/policy", Permission.MANAGE_ACCESS),
    ("Model", "/model", None),
    ("API", "/docs", None),
)
bearer = HTTPBearer(auto_error=False, scheme_name="Key", description="A lab client's key: `Bearer bs_…`")
Key = HTTPAuthorizationCredentials | None
BearerKey = Annotated[Key, Depends(bearer)]


@dataclass(frozen=True)
class Visit:
    """Somebody signed in, the token of their session, and the frame of the page that they asked for."""

    actor: Actor
    frame: Frame
    token: str


def frame_for(request: Request, *, actor: Actor | None, cookie: str) -> Frame:
    path = request.url.path
    links = [
        Link(title, href, current=path == href or (href != "/" and path.startswith(href)))
        for title, href, needed in NAVIGATION
        if actor is not None and (needed is None or actor.may(needed))
    ]
    banners: tuple[str, ...] = request.app.state.banners
    settings: Settings = request.app.state.settings
    return Frame(
        who=actor.name if actor else None,
        navigation=tuple(links),
        csrf=csrf.token_for(cookie),
        banners=banners,
        lock_after_s=int(min(settings.lock_after, settings.session_idle).total_seconds()) if actor else None,
        posted=request.method == "POST",
    )


def visitor(request: Request, database: OurDatabase) -> Visit:
    """Somebody with a live session; raises NotSignedIn."""
    token = request.cookies.get(csrf.SESSION_COOKIE)
    actor = _signed_in(database, settings=request.app.state.settings, token=token) if token else None
    if actor is None or token is None:
        raise NotSignedIn("Sign in first.")
    frame = frame_for(request, actor=actor, cookie=token)
    if LINKS_COOKIE in request.cookies:
        told = _links_used(database, actor, zone=request.app.state.settings.zone)
        frame = replace(frame, banners=(*frame.banners, *told))
    request.state.frame = frame  # an error on the way still shows them where they are
    return Visit(actor, frame, token)


def _links_used(database: OurDatabase, actor: Actor, *, zone: tzinfo) -> tuple[str, ...]:
    with database.reading() as session:
        used = queries.links_used_lately(session, actor.id)
        names = queries.names(session, {one.made_by for one in used})
    if not used:
        return ()
    each = "; ".join(f"{absolute(one.at, zone=zone)}, link made by {names[one.made_by]}" for one in used)
    return (f"Your password was chosen by a one-time link: {each}. If one of these was not you, see your account.",)


def _signed_in(database: OurDatabase, *, settings: Settings, token: str) -> Actor | None:
    now = clock.now()
    hashed = secrets.token_sha256(token)
    with database.reading() as session:
        row = queries.signed_in(session, token_sha256=hashed)
        if row is None or not lives(row, settings=settings, now=now):
            return None
        actor = actions.actor_of(row.user)
        seen = row.last_seen_at
    if (now - seen).total_seconds() > SEEN_EVERY_SECONDS:
        with database.writing() as session:
            actions.touch_session(session, token_sha256=hashed)
    return actor


def lives(row: SessionRow, *, settings: Settings, now: datetime) -> bool:
    limits = SessionLimits(settings.session_idle, settings.session_life)
    return row.user.disabled_at is None and session_lives(
        created_at=row.created_at, last_seen_at=row.last_seen_at, limits=limits, now=now
    )


Visitor = Annotated[Visit, Depends(visitor)]


@dataclass(frozen=True)
class VisitWith:
    """A dependency: somebody signed in with one of these permissions; raises Forbidden, which the ledger remembers."""

    any_of: tuple[Permission, ...]

    def __call__(self, visit: Visitor) -> Visit:
        require(visit.actor, *self.any_of)
        return visit


@dataclass(frozen=True)
class ClientWith:
    """A dependency: a lab client whose key has this permission; raises NotSignedIn, KeyRefused or Forbidden."""

    permission: Permission

    def __call__(self, request: Request, database: OurDatabase, key: BearerKey) -> Actor:
        return _client_with(self.permission, request, database, key)


class ScopeMissing(Forbidden):
    """Told to whoever programs a lab system: which scope their key lacks."""

    def __init__(self, actor: Actor, *, permission: Permission) -> None:
        super().__init__(actor, permission=permission)
        needed = " or ".join(scopes_with(permission))
        self.message = f"This key may not do this. Ask your administrator for one with the scope {needed}."


def _client_with(permission: Permission, request: Request, database: Database, key: Key) -> Actor:
    actor = _client(request, database, key)
    if not actor.may(permission):
        raise ScopeMissing(actor, permission=permission)
    return actor


def require(actor: Actor, *any_of: Permission) -> None:
    if not any(actor.may(permission) for permission in any_of):
        raise Forbidden(actor, permission=" or ".join(any_of))


def _client(request: Request, database: Database, key: Key) -> Actor:
    """The client whose key was sent, within its rate; an address that sends keys that are none is slowed down alike."""
    if key is None:
        raise NotSignedIn(SEND_A_KEY)
    try:
        with database.reading() as session:
            row = key_actions.recognise_key(session, whole=key.credentials)
            actor, used = key_actions.actor_of_key(row), row.use.last_used_at
    except key_actions.KeyRefused:
        spend_refusal(request)
        raise
    _spend(request, f"client {actor.id}")
    if used is None or (clock.now() - used).total_seconds() > SEEN_EVERY_SECONDS:
        with database.writing() as session:
            key_actions.note_use(session, key_id=row.id)
    return actor


def spend_refusal(request: Request) -> None:
    """Raises AskedTooOften for an address that is refused again and again: it must not fill the ledger."""
    _spend(request, f"refused {address_of(request)}")


def _spend(request: Request, who: str) -> None:
    limit: RateLimit = request.app.state.rate_limit
    allowance = limit.spend(who)
    if allowance is not None:
        request.state.reply_headers = allowance.headers
        if allowance.spent:
            raise AskedTooOften(retry_after_s=allowance.resets_in_s)


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def anybody_known(request: Request, database: OurDatabase, key: BearerKey) -> Actor:
    """A lab client with any key, or somebody signed in."""
    if key is None and csrf.SESSION_COOKIE not in request.cookies:
        raise NotSignedIn(f"{SEND_A_KEY} In a browser, sign in first.")
    return _client(request, database, key) if key else visitor(request, database).actor


def scraper(request: Request, database: OurDatabase, key: BearerKey) -> None:
    """A key of scope metrics, or a direct call from this machine (not one that a proxy passed on)."""
    direct = request.client is not None and request.client.host in ("127.0.0.1", "::1")
    passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    if key is not None or not direct or passed_on:
        _client_with(Permission.SCRAPE_METRICS, request, database, key)


Uploader = Annotated[Visit, Depends(VisitWith((Permission.SCREEN,)))]
CaseReader = Annotated[Visit, Depends(VisitWith((Permission.SEE_OWN,)))]
Reviewer = Annotated[Visit, Depends(VisitWith((Permission.READ,)))]
ResultReader = Annotated[Visit, Depends(VisitWith((Permission.SEE_OWN, Permission.READ)))]
"""Results and images ask further: the query says which of them this actor may see."""
Signer = Annotated[Visit, Depends(VisitWith((Permission.SIGN,)))]
Administrator = Annotated[Visit, Depends(VisitWith((Permission.MANAGE_ACCESS,)))]
Auditor = Annotated[Visit, Depends(VisitWith((Permission.AUDIT,)))]
AnybodyKnown = Annotated[Actor, Depends(anybody_known)]


@dataclass(frozen=True)
class Asks:
    """What a guard asks of whoever comes: to be signed in, to send a key, or either; and one of these permissions."""

    person: bool
    client: bool
    any_of: tuple[Permission, ...] = ()


def asked_by(dependency: object) -> Asks | None:
    """What this dependency asks, or None where it is no guard. The tests that walk every route read it."""
    if isinstance(dependency, VisitWith):
        return Asks(person=True, client=False, any_of=dependency.any_of)
    if isinstance(dependency, ClientWith):
        return Asks(person=False, client=True, any_of=(dependency.permission,))
    if dependency is visitor:
        return Asks(person=True, client=False)
    if dependency is anybody_known:
        return Asks(person=True, client=True)
    if dependency is scraper:
        return Asks(person=False, client=True, any_of=(Permission.SCRAPE_METRICS,))
    return None
