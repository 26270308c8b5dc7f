"""Signing in through the hospital's provider: off to it, and back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.accounts import oidc_actions, proof_actions, secrets
from app.accounts.guards import spend_refusal
from app.accounts.oidc_actions import Provider, ProviderRefused
from app.accounts.strangers import AnyStranger, Stranger, let_in
from app.db import Database, OurDatabase
from app.errors import NotFound
from app.web import csrf
from app.web.onward import inside

router = APIRouter(include_in_schema=False)
ATTEMPT_SECONDS = 600


class NoProvider(NotFound):
    code = "provider_none"


def our_provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NoProvider("This service has no sign-in provider. Sign in with user name and password.")
    return provider


OurProvider = Annotated[Provider, Depends(our_provider)]


def _cookie_name(request: Request) -> str:
    """Behind TLS no other host or plain page can plant a cookie of this name."""
    return "__Host-blastscreen_oidc" if request.url.scheme == "https" else "blastscreen_oidc"


@router.get("/sign-in/oidc")
def leave(request: Request, provider: OurProvider, next: str = "/") -> Response:  # noqa: A002  the field's usual name
    address, attempt = provider.begin(onward=inside(next))
    reply = RedirectResponse(address, status_code=303)
    csrf.set_cookie(request, reply, name=_cookie_name(request), value=attempt.packed(), seconds=ATTEMPT_SECONDS)
    return reply


@router.get("/sign-in/oidc/back")
def come_back(request: Request, who: AnyStranger, provider: OurProvider, database: OurDatabase) -> Response:
    """An attempt is good for one answer, whatever becomes of it. Raises ProviderRefused, or AskedTooOften in its place
    where the same address has been refused too often."""
    try:
        return _come_back(request, who, provider, database)
    except ProviderRefused:
        spend_refusal(request)
        raise


def _come_back(request: Request, who: Stranger, provider: Provider, database: Database) -> Response:
    with database.writing() as session:
        asked = proof_actions.take_answer(session, token=who.session, state=request.query_params.get("state", ""))
    if asked is not None:
        return _prove(request, asked, provider, database)
    attempt = oidc_actions.unpack(request.cookies.get(_cookie_name(request)))
    person = provider.finish(attempt, answer=request.query_params)
    password_hash = secrets.unknown_password_hash()
    with database.writing() as session:
        token = oidc_actions.enter(session, person, password_hash=password_hash, browser=who.browser, ends=who.session)
    reply = let_in(request, token=token, onward=inside(attempt.onward))
    reply.delete_cookie(_cookie_name(request), secure=request.url.scheme == "https", httponly=True)
    return reply


def _prove(request: Request, asked: proof_actions.Asked, provider: Provider, database: Database) -> Response:
    """Somebody who is signed in has been asked to prove it afresh, and goes on with what they were about to do."""
    person = provider.finish(asked.attempt, answer=request.query_params)
    with database.writing() as session:
        proof_actions.prove(session, person, asked=asked)
    return RedirectResponse(inside(asked.attempt.onward), status_code=303)
