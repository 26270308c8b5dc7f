"""The one table from kinds of error to HTTP, and the looks of an error: problem+json, a page, or its form once more."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app import errors
from app.db import cause_of
from app.web.headers import METHODS
from app.web.onward import inside
from app.web.templating import ErrorPage, Frame, render

log = structlog.get_logger("blastscreen.errors")

STATUS: tuple[tuple[type[errors.BlastscreenError], int], ...] = (  # the first that fits
    (errors.Unreadable, 400),
    (errors.TooLarge, 413),
    (errors.TooSlow, 408),
    (errors.UnsupportedType, 415),
    (errors.Invalid, 422),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.NotSignedIn, 401),
    (errors.NotRecognised, 401),
    (errors.Refused, 403),
    (errors.TooOften, 429),
    (errors.Unavailable, 503),
)
TITLES = {
    400: "That request cannot be read",
    401: "Please sign in",
    403: "Not allowed",
    404: "Not here",
    405: "Not done this way",
    408: "Too slow",
    409: "That clashes with what is recorded",
    413: "Too large",
    415: "Not a kind of file we read",
    422: "That cannot be used as it is",
    429: "Too often",
    500: "Something broke on our side",
    503: "Not at the moment",
}
HEADERS = {401: {"www-authenticate": 'Bearer realm="blastscreen"'}, 503: {"retry-after": "5"}}
NOWHERE = "There is nothing at this address."
FOR_MACHINES = ("/api/", "/health", "/metrics", "/openapi.json")


def status_of(error: errors.BlastscreenError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


Remember = Callable[[errors.Refused], None]
"""Writes the event of a refusal that carries one, in a transaction of its own."""


def install(app: FastAPI, *, remember: Remember) -> None:
    app.state.remember = remember
    app.add_exception_handler(errors.BlastscreenError, on_our_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_unreadable_request)
    app.add_exception_handler(ClientDisconnect, on_hanging_up)
    app.add_exception_handler(OperationalError, on_database_trouble)
    app.add_exception_handler(Exception, on_surprise)


def on_our_error(request: Request, error: Exception) -> Response:
    """A plain function: it runs in the thread pool, so that remembering a refusal may wait for the database."""
    assert isinstance(error, errors.BlastscreenError)  # noqa: S101  registered for this kind only
    remember(request, error)
    if isinstance(error, errors.NotSignedIn) and not _for_machine(request) and request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(_sign_in(asked), status_code=303)
    return answer(request, error)


def answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.BlastscreenError)  # noqa: S101
    reply = _reply(request, status=status_of(error), code=error.code, message=error.message)
    reply.headers.update(_headers(error))
    return reply


def show_again(
    request: Request, name: str, page: object, *, frame: Frame, error: errors.BlastscreenError
) -> HTMLResponse:
    """The page of a form that could not be taken; `page` holds what was typed and what was wrong with it."""
    remember(request, error)
    reply = render(request, name, page, frame=frame, status=status_of(error))
    reply.headers.update(_headers(error))
    return reply


def remember(request: Request, error: errors.BlastscreenError) -> None:
    """Have a refusal written down, once. A door whose page might fail to be made asks for it before it makes it."""
    if isinstance(error, errors.Refused) and error is not getattr(request.state, "remembered", None):
        request.app.state.remember(error)
        request.state.remembered = error


def _headers(error: errors.BlastscreenError) -> Mapping[str, str]:
    if isinstance(error, errors.TooOften):
        return {"retry-after": str(error.retry_after_s)}
    return HEADERS.get(status_of(error), {})


async def turn_away(error: errors.BlastscreenError, *, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer from a middleware, before any route. What else the client has to send is passed over by the server, which
    gives it `HEAD_SECONDS`: to hang up at once would cost many clients the answer, for they send before they read. Who
    sends too slowly had time enough."""
    response = answer(Request(scope), error)
    if isinstance(error, errors.TooSlow):
        response.headers["connection"] = "close"
    await response(scope, receive, send)


def on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    told = {
        404: ("not_found", NOWHERE),
        405: ("method_not_allowed", "This address does not take that method."),
        400: ("bad_request", "The request could not be read. Check how it is put together and send it again."),
    }
    code, message = told.get(error.status_code, ("http_error", str(error.detail)))
    reply = _reply(request, status=error.status_code, code=code, message=message)
    reply.headers.update(error.headers or {})
    if error.status_code == 405:
        reply.headers["allow"] = ", ".join(_methods(request))
    return reply


def _methods(request: Request) -> list[str]:
    """What the address takes. FastAPI names the methods of the first that fits, which need not be the only one."""
    routes: list[BaseRoute] = request.app.routes
    asked = [{**request.scope, "method": method} for method in sorted(METHODS)]
    return [scope["method"] for scope in asked if any(one.matches(scope)[0] is Match.FULL for one in routes)]


def on_unreadable_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    if first["loc"][0] == "path" and not _for_machine(request):
        return _reply(request, status=404, code="not_found", message=NOWHERE)
    where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
    message = f"{where}: {first['msg']}. Correct it and send again."
    return _reply(request, status=422, code="invalid_request", message=message)


def on_hanging_up(request: Request, _error: Exception) -> Response:
    """Nobody is there to read it; log and figures tell it from a fault of ours."""
    message = "The connection ended before the request was whole. Nothing of it was stored: send it again."
    return _reply(request, status=400, code="request_cut_off", message=message)


def on_database_trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)  # noqa: S101  registered for this kind only
    log.error("database trouble", why=cause_of(error))
    return _reply(
        request, status=503, code="database_unavailable", message="The database does not answer. Try again shortly."
    )


def on_surprise(request: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    message = "The error has been logged. Give the request id to your administrator if it comes again."
    return _reply(request, status=500, code="internal_error", message=message)


def _for_machine(request: Request) -> bool:
    return request.url.path.startswith(FOR_MACHINES) or "text/html" not in request.headers.get("accept", "")


def _sign_in(onward: str) -> str:
    """Where to sign in, so that it leads to this page of ours."""
    return f"/sign-in?{urlencode({'next': inside(onward)}, safe='/')}"


def _sign_in_again(request: Request) -> str:
    """The same, so that it leads back to the page whose form was sent."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/sign-in"
    return _sign_in(came_from._replace(scheme="", netloc="", fragment="").geturl())


def _reply(request: Request, *, status: int, code: str, message: str) -> Response:
    request_id = getattr(request.state, "request_id", "-")
    title = TITLES.get(status, "Error")
    if not _for_machine(request):
        sign_in = _sign_in_again(request) if status == 401 else None
        page = ErrorPage(title=title, message=message, request_id=request_id, sign_in=sign_in)
        nobody = Frame(who=None, navigation=(), csrf="", banners=request.app.state.banners)
        frame = getattr(request.state, "frame", nobody)
        reply: Response = render(request, "web/error.html", page, frame=frame, status=status)
        reply.headers.update(HEADERS.get(status, {}))
        return reply
    problem: dict[str, Any] = {
        "type": f"urn:blastscreen:problem:{code}",
        "title": title,
        "status": status,
        "detail": message,
        "code": code,
        "request_id": request_id,
    }
    return JSONResponse(problem, status_code=status, headers=HEADERS.get(status), media_type="application/problem+json")
