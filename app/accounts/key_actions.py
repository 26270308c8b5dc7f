"""Keys of lab systems: made, recognised, rotated, revoked. One function, one act, one ledger event."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app import clock
from app.accounts import queries, rules, secrets
from app.accounts.rules import Scope
from app.accounts.tables import ActorRow, ClientRow, KeyRevocationRow, KeyRotationRow, KeyRow, KeyUseRow
from app.actor import SERVICE, Actor, ActorKind
from app.audit import ledger
from app.audit.events import Act, Event, Value
from app.audit.refusals import Refusal
from app.errors import Conflict, NotFound, NotRecognised


class KeyRefused(Refusal, NotRecognised):
    code = "key_refused"


class KeyNotFound(NotFound):
    code = "key_not_found"


class KeyEnded(Conflict):
    code = "key_ended"


def create_key(
    session: Session, actor: Actor, *, client_name: str, scopes: list[Scope], expires_at: datetime | None = None
) -> secrets.NewKey:
    """A key for the client of that name, who is made if new. A client may hold several keys."""
    ledger.lock(session)
    client = queries.client_named(session, client_name) or _create_client(session, actor, name=client_name)
    granted = [scope.value for scope in scopes]
    key, row = _write(session, client_id=client.actor_id, scopes=granted, expires_at=expires_at)
    detail: dict[str, Value] = {"client": str(client.actor_id), "prefix": key.prefix, "scopes": row.scopes}
    ledger.record(session, actor, Event(Act.KEY_CREATED, "key", str(row.id), detail))
    return key


def _create_client(session: Session, actor: Actor, *, name: str) -> ClientRow:
    lab = ActorRow(id=uuid4(), kind=ActorKind.LAB, name=name)
    session.add(lab)
    session.flush()
    client = ClientRow(actor_id=lab.id, name=name)
    session.add(client)
    session.flush()
    ledger.record(session, actor, Event(Act.CLIENT_CREATED, "client", str(lab.id)))
    return client


def _write(
    session: Session, *, client_id: UUID, scopes: list[str], expires_at: datetime | None
) -> tuple[secrets.NewKey, KeyRow]:
    key = secrets.new_key()
    row = KeyRow(
        id=uuid4(),
        client_id=client_id,
        prefix=key.prefix,
        secret_sha256=secrets.token_sha256(key.secret),
        scopes=scopes,
        created_at=clock.now(),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    session.add(KeyUseRow(key_id=row.id))
    return key, row


def rotate_key(session: Session, actor: Actor, *, prefix: str, overlap: timedelta) -> secrets.NewKey:
    """A new key of the same client and scopes, living as long; the old one works until the overlap ends.

    Raises KeyNotFound, or KeyEnded where the key is revoked, expired or rotated already.
    """
    ledger.lock(session)
    old = _named(session, prefix)
    now = clock.now()
    if old.rotation is not None or rules.key_fault(life_of(old), now=now) is not None:
        raise KeyEnded("This key has ended, or another has taken its place already. Make a new key.")
    expires_at = now + (old.expires_at - old.created_at) if old.expires_at else None
    key, row = _write(session, client_id=old.client_id, scopes=old.scopes, expires_at=expires_at)
    session.add(KeyRotationRow(key_id=old.id, successor_id=row.id, ends_at=now + overlap, at=now, rotated_by=actor.id))
    detail: dict[str, Value] = {
        "client": str(old.client_id),
        "successor": str(row.id),
        "prefix": key.prefix,
        "scopes": row.scopes,
        "overlap_s": int(overlap.total_seconds()),
    }
    ledger.record(session, actor, Event(Act.KEY_ROTATED, "key", str(old.id), detail))
    return key


def revoke_key(session: Session, actor: Actor, *, prefix: str) -> None:
    """End a key at once; revoking twice is revoking once."""
    ledger.lock(session)
    key = _named(session, prefix)
    if key.revocation is None:
        session.add(KeyRevocationRow(key_id=key.id, at=clock.now(), revoked_by=actor.id))
        detail = {"client": str(key.client_id)}
        ledger.record(session, actor, Event(Act.KEY_REVOKED, "key", str(key.id), detail))


def _named(session: Session, prefix: str) -> KeyRow:
    key = queries.key_with_prefix(session, prefix)
    if key is None:
        raise KeyNotFound("There is no key with this prefix.")
    return key


def recognise_key(session: Session, *, whole: str) -> KeyRow:
    """The key that was sent, if it may be used now; raises KeyRefused."""
    parts = secrets.split_key(whole)
    row = queries.key_with_prefix(session, parts[0]) if parts else None
    if parts is None or row is None or not secrets.same(row.secret_sha256, secrets.token_sha256(parts[1])):
        raise _key_refused("unknown", row=None)
    if fault := rules.key_fault(life_of(row), now=clock.now()):
        raise _key_refused(fault, row=row)
    return row


def life_of(key: KeyRow) -> rules.KeyLife:
    return rules.KeyLife(
        revoked=key.revocation is not None,
        expires_at=key.expires_at,
        replaced_from=key.rotation.ends_at if key.rotation else None,
    )


def actor_of_key(key: KeyRow) -> Actor:
    """The client, whichever of its keys it sent, with the permissions of this key's scopes."""
    scopes = [Scope(scope) for scope in key.scopes]
    return Actor(ActorKind.LAB, key.client_id, key.client.name, rules.permissions_of(scopes))


def note_use(session: Session, *, key_id: UUID) -> None:
    """The key is in use. No ledger event: what its client does leaves its own."""
    queries.key_use(session, key_id).last_used_at = clock.now()


def _key_refused(why: str, *, row: KeyRow | None) -> KeyRefused:
    return KeyRefused(
        "This key is not accepted. Check that it is whole and current, or ask your administrator for a new one.",
        actor=SERVICE,
        event=Event(Act.KEY_REFUSED, "key", str(row.id) if row else "unknown", {"why": why}),
    )
