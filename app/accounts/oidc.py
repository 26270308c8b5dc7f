"""OpenID Connect: the provider is found when the service starts, and asked at each sign-in by code flow with PKCE.

Whatever is amiss with it stops the start or refuses the sign-in; nothing is taken on trust. Needs the extra `oidc`, and
is imported only where a provider is configured.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import SecretStr

from app import clock
from app.accounts import oidc_rules
from app.accounts.oidc_actions import Attempt, ProviderRefused, ProviderSilent
from app.accounts.oidc_rules import OidcMisconfigured, Person
from app.accounts.rules import Role
from app.settings import Settings

CALLBACK = "/sign-in/oidc/back"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that the provider alone has; never `none`, nor one by a secret that others share."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
NEEDED = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_roles", "public_url")
PATIENCE_SECONDS = 5.0
LEEWAY_SECONDS = 30


@dataclass(frozen=True)
class OidcProvider:
    """What discovery told of the provider, and what it knows of us."""

    name: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    algorithms: tuple[str, ...]
    authentication: str
    names_itself: bool  # in the answer that the browser brings (RFC 9207)
    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    groups_claim: str
    roles: Mapping[str, Role]

    def begin(self, *, onward: str, afresh: bool = False) -> tuple[str, Attempt]:
        anew = {"prompt": "login", "max_age": "0"} if afresh else {}
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), onward)
        with _client(self) as client:
            address, _ = client.create_authorization_url(
                self.authorization_endpoint,
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                **anew,
            )
        return str(address), attempt

    def finish(self, attempt: Attempt, *, answer: Mapping[str, str]) -> Person:
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise ProviderRefused("state")
        if answer.get("iss", None if self.names_itself else self.issuer) != self.issuer:
            raise ProviderRefused("iss of the answer")
        if not answer.get("code"):
            raise ProviderRefused("no code")
        claims = _claims(self, attempt=attempt, code=answer["code"])
        person = oidc_rules.person_of(claims, groups_claim=self.groups_claim, roles=self.roles)
        if not person.roles:
            raise ProviderRefused("no group with a role")
        return person


def find_provider(settings: Settings) -> OidcProvider:
    """Raises OidcMisconfigured unless all that is needed is there and safe."""
    missing = [f"BLASTSCREEN_{name.upper()}" for name in NEEDED if not getattr(settings, name)]
    if missing or settings.oidc_client_secret is None:
        raise OidcMisconfigured(f"Signing in through a provider also needs {', '.join(missing)}.")
    for name in ("oidc_issuer", "public_url"):
        if not oidc_rules.is_safe(getattr(settings, name)):
            raise OidcMisconfigured(f"BLASTSCREEN_{name.upper()} must be an https address (http on this machine only).")
    told = _discover(settings.oidc_issuer)
    ways = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return OidcProvider(
        name=settings.oidc_name,
        issuer=settings.oidc_issuer,
        authorization_endpoint=told["authorization_endpoint"],
        token_endpoint=told["token_endpoint"],
        jwks_uri=told["jwks_uri"],
        algorithms=tuple(one for one in told["id_token_signing_alg_values_supported"] if one in ALGORITHMS),
        authentication="client_secret_basic" if "client_secret_basic" in ways else "client_secret_post",
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=settings.public_url + CALLBACK,
        groups_claim=settings.oidc_groups_claim,
        roles=oidc_rules.parse_roles(settings.oidc_roles),
    )


def _discover(issuer: str) -> dict[str, Any]:
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        reply = httpx2.get(address, timeout=PATIENCE_SECONDS)
        reply.raise_for_status()
        told = reply.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise OidcMisconfigured(f"The provider's {address} cannot be read ({type(error).__name__}).") from error
    if not isinstance(told, dict) or told.get("issuer") != issuer:
        raise OidcMisconfigured(f"{address} does not speak for {issuer}: both must be spelt alike.")
    unsafe = [name for name in ENDPOINTS if not oidc_rules.is_safe(str(told.get(name, "")))]
    if unsafe:
        raise OidcMisconfigured(f"The provider has no {', '.join(unsafe)} with https.")
    if "S256" not in told.get("code_challenge_methods_supported", ["S256"]):
        raise OidcMisconfigured("The provider does not take PKCE with S256.")
    if not set(told.get("id_token_signing_alg_values_supported", [])) & set(ALGORITHMS):
        raise OidcMisconfigured(f"The provider signs by none of {', '.join(ALGORITHMS)}.")
    return told


def _client(provider: OidcProvider) -> OAuth2Client:
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret.get_secret_value(),
        token_endpoint_auth_method=provider.authentication,
        scope="openid profile",
        redirect_uri=provider.redirect_uri,
        code_challenge_method="S256",
        timeout=PATIENCE_SECONDS,
    )


def _claims(provider: OidcProvider, *, attempt: Attempt, code: str) -> Mapping[str, Any]:
    """The ID token's claims, once its signature, issuer, audience, times and nonce fit."""
    try:
        with _client(provider) as client:
            token = client.fetch_token(provider.token_endpoint, code=code, code_verifier=attempt.verifier)
        reply = httpx2.get(provider.jwks_uri, timeout=PATIENCE_SECONDS)
        reply.raise_for_status()
        keys = KeySet.import_key_set(reply.json())
    except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        raise ProviderRefused(f"answer: {type(error).__name__}") from error
    except httpx2.HTTPError as error:
        raise ProviderSilent from error
    try:
        return _believed(provider, attempt=attempt, token=token, keys=keys)
    except (JoseError, ValueError, KeyError, TypeError) as error:  # TypeError: claims of any JSON type may come
        raise ProviderRefused(f"token: {type(error).__name__} {getattr(error, 'claim', '')}".strip()) from error


def _believed(provider: OidcProvider, *, attempt: Attempt, token: Mapping[str, Any], keys: KeySet) -> Mapping[str, Any]:
    registry = JWSRegistry(algorithms=list(provider.algorithms), strict_check_header=False)
    decoded = jwt.decode(token["id_token"], keys, registry=registry)
    expected = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
        "exp": {"essential": True},
        "sub": {"essential": True},
        "nonce": {"essential": True, "value": attempt.nonce},
    }
    context = {"nonce": attempt.nonce, "client_id": provider.client_id, "access_token": token.get("access_token")}
    claims: Mapping[str, Any] = CodeIDToken(decoded.claims, decoded.header, expected, context)
    CodeIDToken.validate(claims, now=int(clock.now().timestamp()), leeway=LEEWAY_SECONDS)
    return claims
