"""A request id on everything, and the headers that keep a browser from doing what we did not ask for."""

import time
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # data: for the arrows that Swagger UI draws
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
SAFE = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
STATIC = "/static"
log = structlog.get_logger("blastscreen.access")


class Observe(Protocol):
    def __call__(self, *, method: str, route: str, status: int, seconds: float) -> None: ...


@dataclass(frozen=True)
class RequestEnvelope:
    """Plain ASGI middleware around everything. Its access log writes the route's template, never path or query."""

    app: ASGIApp
    observe: Observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status = 500

        async def sealed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _seal(MutableHeaders(scope=message), scope=scope, request_id=request_id)
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self.app(scope, receive, sealed)
        finally:
            seconds = time.perf_counter() - began
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = route_of(scope)
            milliseconds = round(seconds * 1000, 1)
            log.info(
                "request", method=method, route=route, status=status, milliseconds=milliseconds, request_id=request_id
            )
            self.observe(method=method, route=route, status=status, seconds=seconds)


def route_of(scope: Scope) -> str:
    """The template of the route that answered (`/screenings/{screening_id}`), or a dash where none did."""
    route = scope.get("route")
    return str(getattr(route, "path", "-"))


def _seal(headers: MutableHeaders, *, scope: Scope, request_id: str) -> None:
    for name, value in SAFE.items():
        headers.setdefault(name, value)
    static = scope["path"].startswith(f"{STATIC}/")
    headers.setdefault("cache-control", "public, max-age=3600" if static else "no-store")
    headers["x-request-id"] = request_id
    headers.update(scope["state"].get("reply_headers", {}))  # what a guard wants told, whatever the reply becomes
    if scope["scheme"] == "https":
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
