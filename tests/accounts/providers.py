"""OpenID Connect providers on this machine: a real one of somebody else's, and one of ours that lies when told to."""

import socket
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import clock
from app.audit import queries as ledger_queries
from app.audit.events import Act
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.factories import Browser, Service
from tests.live import listening

CLIENT_ID = "blastscreen"
SECRET = "a real one, of many characters"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})
ROLES = ("als-uploaders=uploader", "als-reviewers=reviewer", "als-admins=admin")
OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})

Claims = dict[str, Any]


@dataclass
class Liar:
    """Answers as a provider should, but for what a test changes."""

    issuer: str
    groups: tuple[str, ...] = ("als-uploaders",)
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discover),
                Route("/jwks", self.jwks),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    def discover(self, _request: Request) -> Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        }
        return JSONResponse({**told, **self.metadata})

    def jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    def consent(self, address: str) -> dict[str, str]:
        """What the person's browser brings back once they have signed in at `address`."""
        self.asked = {name: values[0] for name, values in parse_qs(address.partition("?")[2]).items()}
        self.codes["a-code"] = self.asked
        return {"code": "a-code", "state": self.asked["state"]}

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = self.codes.pop(str(form.get("code")), None)
            challenge = (
                urlsafe_b64encode(sha256(str(form.get("code_verifier")).encode()).digest()).rstrip(b"=").decode()
            )
        if asked is None or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "248289761001",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "name": "Jane Doe",
            "preferred_username": "jane",
            "groups": list(self.groups),
        }
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(self.claims(claims))})


@contextmanager
def somebody_elses(*people: str) -> Iterator[str]:
    """The address of oidc-provider-mock, in a process of its own; `people`: their claims as JSON."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [part for person in people for part in ("--user-claims", person)]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=40)) as client:
            client.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").raise_for_status()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def configured(settings: Settings, issuer: str, **other: Any) -> Settings:
    told = {
        "public_url": "http://localhost:8000",
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(SECRET),
        "oidc_roles": ROLES,
    }
    return settings.model_copy(update={**told, **other})


@pytest.fixture
def liar() -> Iterator[Liar]:
    """A provider of ours, listening on a port of this machine."""
    provider = Liar("")
    with listening(provider.app()) as live:
        provider.issuer = live.address
        yield provider


@pytest.fixture
def service(settings: Settings, instrument: Instrument, liar: Liar) -> Iterator[Service]:
    with Service.start(configured(settings, liar.issuer), instrument) as service:
        yield service


def leave(browser: Browser, path: str = "/sign-in/oidc") -> str:
    reply = browser.client.get(path, follow_redirects=False)
    assert reply.status_code == 303, reply.text
    return str(reply.headers["location"])


def come_back(browser: Browser, answer: dict[str, str]):
    return browser.client.get("/sign-in/oidc/back", params=answer, headers={"accept": "text/html"})


def sign_in(service: Service, liar: Liar, *, path: str = "/sign-in/oidc"):
    browser = service.browser()
    return browser, come_back(browser, liar.consent(leave(browser, path)))


def assert_refused(service: Service, reply, why: str = "") -> None:
    assert reply.status_code == 401, reply.text
    assert "blastscreen_session" not in reply.cookies
    with service.database.reading() as session:
        last = ledger_queries.page(session, before=None, limit=1)[0]
    assert last.act == Act.SIGN_IN_REFUSED
    assert why in last.detail["why"]
    assert last.detail["why"] not in reply.text
