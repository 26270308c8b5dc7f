# ruff: noqa: F811  fixtures are imported by the names that tests ask for
"""A provider that lies, or cannot be trusted: its tokens are refused, and with it the service does not start."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from pydantic import SecretStr

from app.accounts.oidc_rules import OidcMisconfigured
from app.screening.instrument import Instrument
from app.settings import Settings
from tests.accounts.providers import (
    CLIENT_ID,
    KEY,
    OTHER_KEY,
    SECRET,
    Claims,
    Liar,
    assert_refused,
    configured,
    liar,  # noqa: F401  fixture
    service,  # noqa: F401  fixture
    sign_in,
)
from tests.factories import Service, rows

LIES: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "InvalidClaimError iss"),
    "another audience": ({"aud": "another-client"}, "InvalidClaimError aud"),
    "several audiences and no authorized party": ({"aud": [CLIENT_ID, "another-client"]}, "MissingClaimError azp"),
    "another authorized party": ({"aud": [CLIENT_ID, "x"], "azp": "x"}, "InvalidClaimError azp"),
    "expired": ({"exp": 1_000_000_000}, "ExpiredTokenError exp"),
    "issued in the future": ({"iat": 9_000_000_000, "exp": 9_000_000_300}, "InvalidClaimError iat"),
    "another nonce": ({"nonce": "replayed"}, "InvalidClaimError nonce"),
    "no nonce": ({"nonce": None}, "MissingClaimError nonce"),
    "no expiry": ({"exp": None}, "MissingClaimError exp"),
    "no audience": ({"aud": None}, "MissingClaimError aud"),
    "no issuer": ({"iss": None}, "MissingClaimError iss"),
    "no subject": ({"sub": None}, "MissingClaimError sub"),
    "a hash of another access token": ({"at_hash": "A" * 22}, "InvalidClaimError at_hash"),
    "no group that has a role": ({"groups": ["choir"]}, "no group"),
    "groups that are no list": ({"groups": "als-admins"}, "no group"),
    "no groups": ({"groups": None}, "no group"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_is_refused_and_remembered(service: Service, liar: Liar, lie: str) -> None:
    changes, why = LIES[lie]

    def changed(claims: Claims) -> Claims:
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    liar.claims = changed

    _, reply = sign_in(service, liar)

    assert_refused(service, reply, why)
    assert rows(service.database)["users"] == 0


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _part(content: dict[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _by_secret(claims: Claims, *, secret: bytes) -> str:
    signed = _part({"alg": "HS256", "kid": "one"}) + "." + _part(claims)
    return f"{signed}.{_text(hmac.digest(secret, signed.encode(), 'sha256'))}"


FORGERIES: dict[str, Callable[[Claims], str]] = {
    "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER_KEY),
    "the client's own secret": lambda claims: _by_secret(claims, secret=SECRET.encode()),
    "the public key as a secret": lambda claims: _by_secret(claims, secret=KEY.as_pem(private=False)),
    "no signature": lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}.",
    "rubbish": lambda _claims: "rubbish",
    "nothing": lambda _claims: "",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_the_provider_did_not_sign_is_refused(service: Service, liar: Liar, forgery: str) -> None:
    liar.sign = FORGERIES[forgery]

    _, reply = sign_in(service, liar)

    assert_refused(service, reply)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no secret": ({"oidc_client_secret": None}, "BLASTSCREEN_OIDC_CLIENT_SECRET"),
    "an empty secret": ({"oidc_client_secret": SecretStr("")}, "BLASTSCREEN_OIDC_CLIENT_SECRET"),
    "no client id": ({"oidc_client_id": ""}, "BLASTSCREEN_OIDC_CLIENT_ID"),
    "no roles": ({"oidc_roles": ()}, "BLASTSCREEN_OIDC_ROLES"),
    "no address of our own": ({"public_url": ""}, "BLASTSCREEN_PUBLIC_URL"),
    "our own address without TLS": ({"public_url": "http://blast.example"}, "https"),
    "an issuer without TLS": ({"oidc_issuer": "http://idp.example"}, "https"),
    "an issuer that is no address": ({"oidc_issuer": "idp"}, "https"),
    "an issuer that nobody answers for": ({"oidc_issuer": "http://127.0.0.1:9"}, "cannot be read"),
    "a role that does not exist": ({"oidc_roles": ("staff=root",)}, "group=role"),
    "a group without a role": ({"oidc_roles": ("staff",)}, "group=role"),
    "a group twice": ({"oidc_roles": ("staff=admin", "staff=uploader")}, "twice"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_configuration_stops_the_start_and_says_why(
    settings: Settings, instrument: Instrument, liar: Liar, wrong: str
) -> None:
    changes, told = WRONG[wrong]

    with (
        pytest.raises(OidcMisconfigured, match=told) as refused,
        Service.start(configured(settings, liar.issuer, **changes), instrument),
    ):
        pass

    assert SECRET not in refused.value.message


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"issuer": "https://evil.example"}, "speak for"),
        ({"token_endpoint": "http://evil.example/token"}, "token_endpoint"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "signs by none"),
    ],
)
def test_a_provider_that_cannot_be_trusted_stops_the_start(
    settings: Settings, instrument: Instrument, liar: Liar, metadata: dict[str, Any], told: str
) -> None:
    liar.metadata = metadata

    with pytest.raises(OidcMisconfigured, match=told), Service.start(configured(settings, liar.issuer), instrument):
        pass
