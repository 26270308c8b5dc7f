"""The second line against forged requests: what a page of another origin sends is refused before anybody reads it.

Browsers say in `Sec-Fetch-Site` where a request was made, and older ones, or plain HTTP, in `Origin`. Lab systems send
neither. The first line is the token of `app.web.csrf`.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Refused
from app.web.errors import turn_away
from app.web.trusted_hosts import host_of

CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS", "TRACE"}
OURS = {b"same-origin", b"none"}  # none: typed, or from a bookmark


class ForeignOrigin(Refused):
    code = "origin_foreign"

    def __init__(self) -> None:
        super().__init__("This was sent by a page of another site. Open Blastscreen itself and do it there.")


@dataclass(frozen=True)
class SameOrigin:
    """Plain ASGI middleware."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in CHANGES_NOTHING and _foreign(scope):
            await turn_away(ForeignOrigin(), scope=scope, receive=receive, send=send)
            return
        await self.app(scope, receive, send)


def _foreign(scope: Scope) -> bool:
    sites = [value for name, value in scope["headers"] if name == b"sec-fetch-site"]
    if sites:
        return not set(sites) <= OURS
    origins = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"origin"]
    return any(_host_in(origin) != host_of(scope) for origin in origins)


def _host_in(origin: str) -> str | None:
    """Host and port of an origin; None for `null`, which a sandboxed page sends."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in {"http", "https"} else None
