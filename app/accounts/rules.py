"""Roles, key scopes, and the one table that says what each may do."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.actor import Permission
from app.errors import Invalid
from app.typed import whole_number


class Role(StrEnum):
    UPLOADER = "uploader"
    REVIEWER = "reviewer"
    SENIOR = "senior"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Scope(StrEnum):
    SCREEN = "screen"
    READ = "read"
    READ_ALL = "read:all"
    METRICS = "metrics"


PERMISSIONS: dict[Role | Scope, frozenset[Permission]] = {
    Role.UPLOADER: frozenset({Permission.SCREEN, Permission.SEE_OWN}),
    Role.REVIEWER: frozenset({Permission.READ}),
    Role.SENIOR: frozenset(
        {Permission.READ, Permission.ADJUDICATE, Permission.SIGN, Permission.SEE_OWN, Permission.SEE_EVERY_CASE}
    ),
    Role.ADMIN: frozenset({Permission.MANAGE_ACCESS}),
    Role.AUDITOR: frozenset({Permission.AUDIT}),
    Scope.SCREEN: frozenset({Permission.SCREEN}),
    Scope.READ: frozenset({Permission.SEE_OWN}),
    Scope.READ_ALL: frozenset({Permission.SEE_OWN, Permission.SEE_EVERY_CASE}),
    Scope.METRICS: frozenset({Permission.SCRAPE_METRICS}),
}


def roles_with(permission: Permission) -> list[Role]:
    return [role for role in Role if permission in PERMISSIONS[role]]


def scopes_with(permission: Permission) -> list[Scope]:
    return [scope for scope in Scope if permission in PERMISSIONS[scope]]


def permissions_of(granted: list[Role] | list[Scope]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(PERMISSIONS[one] for one in granted))


@dataclass(frozen=True)
class KeyLife:
    """What can end a key. `replaced_from`: when the overlap with the key that took its place is over."""

    revoked: bool
    expires_at: datetime | None
    replaced_from: datetime | None


def key_fault(life: KeyLife, *, now: datetime) -> str | None:
    """Why a key may not be used any more, or None."""
    if life.revoked:
        return "revoked"
    if life.expires_at is not None and now >= life.expires_at:
        return "expired"
    if life.replaced_from is not None and now >= life.replaced_from:
        return "replaced"
    return None


def leaves_an_administrator(*, others: int, keeps_the_role: bool) -> bool:
    """`others`: administrators in use besides the one who is changed."""
    return keeps_the_role or others > 0


OVERLAPS_H = {0: "at once", 1: "in an hour", 24: "in a day", 168: "in a week", 720: "in a month"}
"""When the old key of a rotation ends: hours, in words."""
DAYS_MOST = 3650
NAME_LENGTH_MOST = 200


def parse_overlap(text: str) -> timedelta:
    hours = whole_number(text, least=0, most=max(OVERLAPS_H))
    if hours is None or hours not in OVERLAPS_H:
        raise Invalid("Choose when the old key ends.", code="overlap_unknown")
    return timedelta(hours=hours)


def parse_days(text: str) -> timedelta | None:
    """The life of a key; None, where nothing was typed: it does not expire."""
    if not text.strip():
        return None
    days = whole_number(text, least=1, most=DAYS_MOST)
    if days is None:
        raise Invalid(f"Days are a whole number from 1 to {DAYS_MOST}, or nothing.", code="days_unusable")
    return timedelta(days=days)


def parse_client_name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= NAME_LENGTH_MOST or not name.isprintable():
        raise Invalid("Give the lab system a name of 1 to 200 characters.", code="client_name_unusable")
    return name


class UnusableName(Invalid):
    code = "name_unusable"


def parse_name(text: str) -> str:
    """What colleagues know somebody by, and what a report prints under a signature; empty where nothing was typed."""
    name = " ".join(text.split())
    if len(name) > NAME_LENGTH_MOST or not name.isprintable():
        raise UnusableName(
            f"A name has at most {NAME_LENGTH_MOST} characters, and none that is not printed or turns the others round."
        )
    return name


class UnusableUsername(Invalid):
    code = "username_unusable"


def parse_username(text: str) -> str:
    username = text.strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,63}", username):
        raise UnusableUsername(
            "A user name has 1 to 64 letters a-z, digits, dots, hyphens, underscores or @, and starts with a letter "
            "or digit."
        )
    return username


def parse_role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise Invalid(f"There is no role {name!r}. Roles are: {', '.join(Role)}.", code="role_unknown") from None


def parse_scopes(text: str) -> list[Scope]:
    """`screen,read` -> scopes."""
    try:
        scopes = [Scope(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as unknown:
        raise Invalid(f"{unknown}. Scopes are: {', '.join(Scope)}.", code="scope_unknown") from None
    if not scopes:
        raise Invalid(f"Give at least one scope of: {', '.join(Scope)}.", code="scope_missing")
    return sorted(set(scopes))
