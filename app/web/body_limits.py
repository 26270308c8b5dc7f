"""Limits on request bodies, by announced length and by bytes counted as they come, on every route."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Invalid, TooLarge
from app.web.errors import turn_away

LimitOf = Callable[[str, str], int]
"""(method, path) -> bytes."""
DIGITS_MOST = 15  # of a Content-Length that is worth reading as a number


class BodyTooLarge(TooLarge):
    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request's body is over the limit of {limit:,} bytes. Send less at once.")


class BadLength(Invalid):
    code = "content_length_unreadable"


@dataclass(frozen=True)
class BodyLimits:
    """Plain ASGI middleware. A small body is read whole before the route runs, so that routes which take no body are
    limited too; a route with a large limit counts while it reads."""

    app: ASGIApp
    limit_of: LimitOf
    small: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_of(scope["method"], scope["path"])
        try:
            _check_announced(scope, limit)
            inner = await _read_whole(receive, limit) if limit <= self.small else _counted(receive, limit)
        except Invalid as error:
            await turn_away(error, scope=scope, receive=receive, send=send)
            return
        await self.app(scope, inner, send)


def _check_announced(scope: Scope, limit: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise BadLength("The request's Content-Length is no number.")
            if len(value) > DIGITS_MOST or int(value) > limit:
                raise BodyTooLarge(limit)


async def _read_whole(receive: Receive, limit: int) -> Receive:
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > limit:
            raise BodyTooLarge(limit)
        if message["type"] != "http.request" or not message.get("more_body", False):
            break

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


def _counted(receive: Receive, limit: int) -> Receive:
    size = 0

    async def count() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise BodyTooLarge(limit)
        return message

    return count
