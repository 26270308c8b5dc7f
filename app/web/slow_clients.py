"""A time limit on receiving a body: who dribbles bytes to hold a place is cut off, who has a slow line is not."""

import asyncio
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooSlow


class BodyTooSlow(TooSlow):
    code = "request_too_slow"

    def __init__(self) -> None:
        super().__init__("The request's body came too slowly and was given up. Send less at once, or try again.")


@dataclass
class _Waiting:
    """One body on its way. Only time spent waiting for the client counts, not the time that we take to use it."""

    receive: Receive
    patience_seconds: float
    bytes_a_second: float
    waited_seconds: float = 0.0
    received_bytes: int = 0
    whole: bool = False

    async def __call__(self) -> Message:
        if self.whole:
            return await self.receive()
        left = self.patience_seconds + self.received_bytes / self.bytes_a_second - self.waited_seconds
        began = time.monotonic()
        try:
            async with asyncio.timeout(left):
                message = await self.receive()
        except TimeoutError:
            raise BodyTooSlow from None
        self.waited_seconds += time.monotonic() - began
        self.received_bytes += len(message.get("body", b""))
        self.whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


@dataclass(frozen=True)
class SlowClients:
    """Plain ASGI middleware. Each `bytes_a_second` that have come buy the body another second."""

    app: ASGIApp
    patience_seconds: float
    bytes_a_second: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _Waiting(receive, self.patience_seconds, self.bytes_a_second)
        await self.app(scope, receive, send)
