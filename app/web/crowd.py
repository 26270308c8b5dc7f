"""A cap on requests in progress: the one too many is told to come back, so that those inside are still served."""

from dataclasses import dataclass, field
from threading import BoundedSemaphore

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Unavailable
from app.web.errors import turn_away


class Crowded(Unavailable):
    code = "busy"

    def __init__(self) -> None:
        super().__init__("Too many requests are being served. Nothing was stored: send this one again in a moment.")


@dataclass(frozen=True)
class Crowd:
    """Plain ASGI middleware. Paths that begin with one of `free` (health) are always let in."""

    app: ASGIApp
    most: int
    free: tuple[str, ...]
    places: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", BoundedSemaphore(self.most))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self.free):
            await self.app(scope, receive, send)
            return
        if not self.places.acquire(blocking=False):
            await turn_away(Crowded(), scope=scope, receive=receive, send=send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.places.release()
