"""Accounts and keys from the command line."""

from datetime import timedelta

from app import clock
from app.accounts import actions, key_actions, password_actions, queries, rules, secrets
from app.accounts.password_rules import check_password
from app.accounts.queries import UserNotFound
from app.actor import SERVICE
from app.commands.opened import opened
from app.settings import Settings


def create_user(settings: Settings, *, username: str, roles: list[str], name: str, password: str) -> int:
    parsed, known_as = rules.parse_username(username), rules.parse_name(name)
    check_password(password, username=parsed, common=secrets.common_words())
    granted = [rules.parse_role(role) for role in roles]
    hashed = secrets.hash_password(password)
    with opened(settings) as database, database.writing() as session:
        actions.create_user(session, SERVICE, username=parsed, password_hash=hashed, roles=granted, name=known_as)
    print(f"Made the account {parsed} ({', '.join(sorted(granted))}).")
    return 0


def reset_user(settings: Settings, *, username: str) -> int:
    """For an administrator who has forgotten their own password, above all."""
    with opened(settings) as database, database.writing() as session:
        user = queries.user_named(session, rules.parse_username(username))
        if user is None:
            raise UserNotFound(f"There is no account {username!r}.")
        token = password_actions.make_reset_link(session, SERVICE, user_id=user.actor_id)
    print("Open this at the service's address. It works once, for a day:")
    print(f"{settings.public_url}/reset?token={token}")
    return 0


def rotate_key(settings: Settings, *, prefix: str, overlap: timedelta) -> int:
    with opened(settings) as database, database.writing() as session:
        key = key_actions.rotate_key(session, SERVICE, prefix=prefix, overlap=overlap)
    print(f"The key {prefix} works for another {overlap}. The new one is shown only once:")
    print(key.whole)
    return 0


def create_key(settings: Settings, *, client: str, scopes: str, life: timedelta | None) -> int:
    client, granted = rules.parse_client_name(client), rules.parse_scopes(scopes)
    expires_at = clock.now() + life if life else None
    with opened(settings) as database, database.writing() as session:
        key = key_actions.create_key(session, SERVICE, client_name=client, scopes=granted, expires_at=expires_at)
    print(f"Made a key for {client} ({', '.join(granted)}). It is shown only once:")
    print(key.whole)
    return 0


def revoke_key(settings: Settings, *, prefix: str) -> int:
    with opened(settings) as database, database.writing() as session:
        key_actions.revoke_key(session, SERVICE, prefix=prefix)
    print(f"The key {prefix} is revoked.")
    return 0
