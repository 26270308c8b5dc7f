"""A browser that has not signed in yet, and the replies that let it in."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.accounts import queries, secrets
from app.accounts.guards import LINKS_COOKIE, address_of, frame_for
from app.accounts.sign_in_rules import browser_name
from app.db import Database
from app.web import csrf
from app.web.templating import Frame


@dataclass(frozen=True)
class Stranger:
    """Its visit cookie and the frame of its page; where it comes from, and what its owner knows it by."""

    cookie: str
    frame: Frame
    address: str
    browser: str
    session: str | None
    """The token of a session that it holds already; signing in ends that."""


def stranger(request: Request) -> Stranger:
    cookie = csrf.visit_of(request)
    return Stranger(
        cookie=cookie,
        frame=frame_for(request, actor=None, cookie=cookie),
        address=address_of(request),
        browser=browser_name(request.headers.get("user-agent", "")),
        session=request.cookies.get(csrf.SESSION_COOKIE),
    )


AnyStranger = Annotated[Stranger, Depends(stranger)]


def let_in(request: Request, *, token: str, onward: str) -> Response:
    """With a session, and told on each page of it that a link has given the account a password, where that is news."""
    reply = RedirectResponse(onward, status_code=303)
    csrf.set_cookie(request, reply, name=csrf.SESSION_COOKIE, value=token)
    database: Database = request.app.state.database
    with database.reading() as session:
        entered = queries.signed_in(session, token_sha256=secrets.token_sha256(token))
        if entered and queries.links_are_news(session, entered.user_id):
            csrf.set_cookie(request, reply, name=LINKS_COOKIE, value="tell")
        elif LINKS_COOKIE in request.cookies:
            reply.delete_cookie(LINKS_COOKIE)
    return reply


def with_visit(request: Request, who: Stranger, reply: HTMLResponse) -> HTMLResponse:
    """The page with the cookie that its form's token hangs on."""
    csrf.set_cookie(request, reply, name=csrf.VISIT_COOKIE, value=who.cookie)
    return reply
