"""Signing in through an OpenID Connect provider: what its groups mean here, and which claims of it are believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.accounts.rules import NAME_LENGTH_MOST, Role, UnusableUsername, parse_username
from app.errors import Misconfigured

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
CLOCKS_APART = timedelta(seconds=30)


class OidcMisconfigured(Misconfigured):
    code = "oidc_misconfigured"


@dataclass(frozen=True)
class Person:
    """Who the provider says is signing in. Only issuer and subject together name one person, for good."""

    issuer: str
    subject: str
    username: str | None
    name: str
    roles: tuple[Role, ...]
    authenticated_at: datetime | None = None  # when the provider last saw them prove it


def parse_roles(pairs: tuple[str, ...]) -> Mapping[str, Role]:
    """`group=role` for each group that means something here; raises OidcMisconfigured."""
    roles = {}
    for pair in pairs:
        group, equals, role = pair.rpartition("=")
        if not (group.strip() and equals and role.strip() in list(Role)):
            raise OidcMisconfigured(
                f"BLASTSCREEN_OIDC_ROLES has {pair!r}. Write group=role, with commas between; roles are: "
                f"{', '.join(Role)}."
            )
        if group.strip() in roles:
            raise OidcMisconfigured(f"BLASTSCREEN_OIDC_ROLES names the group {group.strip()!r} twice.")
        roles[group.strip()] = Role(role.strip())
    return roles


def is_safe(address: str) -> bool:
    """Whether what is sent there cannot be read on the way: TLS, or this very machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def person_of(claims: Mapping[str, Any], *, groups_claim: str, roles: Mapping[str, Role]) -> Person:
    """Of claims whose signature, issuer, audience, time and nonce have been checked."""
    told = claims.get(groups_claim)
    groups = {group for group in told if isinstance(group, str)} if isinstance(told, list) else set()
    name = claims.get("name")
    return Person(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        username=_username(claims.get("preferred_username")),
        name=name.strip()[:NAME_LENGTH_MOST] if isinstance(name, str) and name.isprintable() else "",
        roles=tuple(sorted({role for group, role in roles.items() if group in groups})),
        authenticated_at=_moment(claims.get("auth_time")),
    )


def is_fresh(authenticated_at: datetime | None, *, asked_at: datetime, now: datetime) -> bool:
    """Whether somebody proved who they are after they were asked to; the provider's clock may be a little off."""
    return authenticated_at is not None and asked_at - CLOCKS_APART <= authenticated_at <= now + CLOCKS_APART


def _moment(told: object) -> datetime | None:
    """Of seconds since 1970, or None for what is no such number or no time that there is."""
    whole = isinstance(told, int) and not isinstance(told, bool) and 0 < told < 1 << 40
    return datetime.fromtimestamp(told, UTC) if whole and isinstance(told, int) else None


def _username(told: object) -> str | None:
    try:
        return parse_username(told) if isinstance(told, str) else None
    except UnusableUsername:
        return None
