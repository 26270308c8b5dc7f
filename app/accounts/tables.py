"""Who there is. `actors`, `clients` and `keys` are append-only; what comes and goes has tables of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, Id, UtcDateTime


class ActorRow(Base):
    __tablename__ = "actors"
    __table_args__ = (CheckConstraint("kind IN ('clinician', 'lab', 'service')", name="kind"),)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))


class UserRow(Base):
    __tablename__ = "users"

    actor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    actor: Mapped[ActorRow] = relationship(lazy="joined")
    roles: Mapped[list["UserRoleRow"]] = relationship(
        lazy="selectin", order_by="UserRoleRow.role", cascade="all, delete-orphan"
    )


class UserRoleRow(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)


class SessionRow(Base):
    """A signed-in browser. The cookie's token is not here, only its SHA-256."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, unique=True)  # what the account page names it by
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), index=True)
    browser: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[UserRow] = relationship(lazy="joined")


class SetupLinkRow(Base):
    """The one-time link by which the first administrator is made; as a hash."""

    __tablename__ = "setup_links"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResetLinkRow(Base):
    """The one-time link by which somebody chooses a password; as a hash. One at a time for an account."""

    __tablename__ = "reset_links"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[UserRow] = relationship(lazy="joined")


class SecondStepRow(Base):
    """The secret that somebody's authenticator app shares with us. It must be readable to check a code.

    `last_counter` is that of the last code that was taken: a code works once.
    """

    __tablename__ = "second_steps"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_counter: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCodeRow(Base):
    """A code that stands in for the authenticator app, once: using it deletes its row."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), primary_key=True)
    code_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


class HalfSignInRow(Base):
    """Somebody whose password fitted and whose second step is awaited."""

    __tablename__ = "half_sign_ins"

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[UserRow] = relationship(lazy="joined")


class DigestKeyRow(Base):
    """A random key, made with the database, for digests of what the ledger must be able to compare and not to tell."""

    __tablename__ = "digest_keys"

    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))


class IdentityRow(Base):
    """Whom an OpenID Connect provider means by a subject. Append-only: a link that moved would give an account away."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), index=True)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[UserRow] = relationship(lazy="joined")


class ProofRow(Base):
    """Somebody's proof at the provider of who they are, asked for or made. Comes and goes: it belongs to one session
    and one purpose, takes one answer, and is spent once."""

    __tablename__ = "proofs"

    session_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.actor_id"), index=True)
    purpose: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    onward: Mapped[str] = mapped_column(String(200))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientRow(Base):
    __tablename__ = "clients"

    actor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)

    actor: Mapped[ActorRow] = relationship(lazy="joined")


class KeyRow(Base):
    __tablename__ = "keys"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.actor_id"), index=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret_sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    client: Mapped[ClientRow] = relationship(lazy="joined")
    revocation: Mapped["KeyRevocationRow | None"] = relationship(lazy="joined")
    rotation: Mapped["KeyRotationRow | None"] = relationship(
        lazy="joined", primaryjoin="KeyRow.id == foreign(KeyRotationRow.key_id)", uselist=False, viewonly=True
    )
    use: Mapped["KeyUseRow"] = relationship(lazy="joined")


class KeyRevocationRow(Base):
    __tablename__ = "key_revocations"

    key_id: Mapped[UUID] = mapped_column(Id, ForeignKey("keys.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))


class KeyRotationRow(Base):
    """Another key took this one's place; both work until the overlap ends."""

    __tablename__ = "key_rotations"

    key_id: Mapped[UUID] = mapped_column(Id, ForeignKey("keys.id"), primary_key=True)
    successor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("keys.id"), unique=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rotated_by: Mapped[UUID] = mapped_column(Id, ForeignKey("actors.id"))


class KeyUseRow(Base):
    """When a key was last used, to the minute. Made with the key."""

    __tablename__ = "key_uses"

    key_id: Mapped[UUID] = mapped_column(Id, ForeignKey("keys.id"), primary_key=True)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
