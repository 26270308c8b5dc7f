"""Finding users, sessions, clients and keys; and how often sign-in has failed, which the ledger knows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts import rules, secrets
from app.accounts.tables import (
    ActorRow,
    ClientRow,
    DigestKeyRow,
    HalfSignInRow,
    IdentityRow,
    KeyRow,
    KeyUseRow,
    ProofRow,
    RecoveryCodeRow,
    ResetLinkRow,
    SecondStepRow,
    SessionRow,
    SetupLinkRow,
    UserRoleRow,
    UserRow,
)
from app.actor import Permission
from app.audit.events import Act
from app.audit.tables import LedgerRow
from app.errors import Conflict, NotFound

FAILURES_MOST = 100
PROOF_LIFE = timedelta(minutes=5)
TOLD_FOR = timedelta(days=90)
BY_LINK = "link"
"""How a password was changed, in the event that tells of it."""


class UserNotFound(NotFound):
    code = "user_not_found"


class SecondStepNotBegun(Conflict):
    code = "second_step_not_begun"


def user_named(session: Session, username: str) -> UserRow | None:
    return session.scalars(select(UserRow).where(UserRow.username == username)).first()


def user(session: Session, actor_id: UUID) -> UserRow:
    row = session.get(UserRow, actor_id)
    if row is None:
        raise UserNotFound("There is no such account.")
    return row


def any_user(session: Session) -> bool:
    return session.scalar(select(func.count()).select_from(UserRow)) != 0


def signed_in(session: Session, *, token_sha256: str) -> SessionRow | None:
    return session.get(SessionRow, token_sha256)


def setup_link(session: Session, *, token_sha256: str) -> SetupLinkRow | None:
    return session.get(SetupLinkRow, token_sha256)


def sessions_of(session: Session, user_id: UUID) -> list[SessionRow]:
    """The last seen first."""
    rows = select(SessionRow).where(SessionRow.user_id == user_id)
    return list(session.scalars(rows.order_by(SessionRow.last_seen_at.desc(), SessionRow.id)))


def reset_link(session: Session, *, token_sha256: str) -> ResetLinkRow | None:
    return session.scalars(select(ResetLinkRow).where(ResetLinkRow.token_sha256 == token_sha256)).first()


def reset_link_of(session: Session, user_id: UUID) -> ResetLinkRow | None:
    return session.get(ResetLinkRow, user_id)


@dataclass(frozen=True)
class LinkUsed:
    """A password was chosen by a one-time link; by its owner, if the link came into the right hands."""

    at: datetime
    made_by: UUID


def links_used(session: Session, user_id: UUID) -> list[LinkUsed]:
    """Every time that this account's password was chosen by a link, the newest first, as the ledger knows it."""
    used: list[LinkUsed] = []
    made_by = user_id
    for row in session.scalars(_of_account(user_id, Act.RESET_LINK_MADE, Act.PASSWORD_CHANGED)):
        if row.act == Act.RESET_LINK_MADE:
            made_by = row.actor_id
        elif row.detail["how"] == BY_LINK:
            used.append(LinkUsed(row.at, made_by))
    return used[::-1]


def links_used_lately(session: Session, user_id: UUID) -> list[LinkUsed]:
    return [one for one in links_used(session, user_id) if one.at > clock.now() - TOLD_FOR]


def links_are_news(session: Session, user_id: UUID) -> bool:
    """Whether somebody who has just signed in has to be told of them: their password was chosen by a link since the
    sign-in before, or they sign in at the provider and should need no link."""
    newest_first = _of_account(user_id, Act.SIGNED_IN, Act.PASSWORD_CHANGED).order_by(None)
    before = session.scalars(newest_first.order_by(LedgerRow.position.desc()).offset(1).limit(1)).first()
    first_since = before is not None and before.act == Act.PASSWORD_CHANGED
    return (first_since or has_identity(session, user_id)) and bool(links_used_lately(session, user_id))


def _of_account(user_id: UUID, *acts: Act) -> Select[LedgerRow]:
    rows = select(LedgerRow).where(LedgerRow.object_kind == "user", LedgerRow.object_id == str(user_id))
    return rows.where(LedgerRow.act.in_(acts)).order_by(LedgerRow.position)


def half_sign_in(session: Session, *, token_sha256: str) -> HalfSignInRow | None:
    return session.get(HalfSignInRow, token_sha256)


def has_identity(session: Session, user_id: UUID) -> bool:
    """Whether an account is somebody's at the provider, so that they have no password here that they know."""
    return (
        session.scalars(select(IdentityRow.subject).where(IdentityRow.user_id == user_id).limit(1)).first() is not None
    )


def proof(session: Session, *, token_sha256: str) -> ProofRow | None:
    return session.get(ProofRow, token_sha256)


def proof_to_spend(session: Session, user_id: UUID, *, token: str, purpose: str) -> ProofRow | None:
    """The proof for this purpose that the session of this token holds, while it can be spent."""
    row = proof(session, token_sha256=secrets.token_sha256(token))
    if row is None or row.proved_at is None or row.user_id != user_id or row.purpose != purpose:
        return None
    return row if clock.now() <= row.proved_at + PROOF_LIFE else None


def second_step(session: Session, user_id: UUID) -> SecondStepRow | None:
    return session.get(SecondStepRow, user_id)


def second_step_is_on(session: Session, user_id: UUID) -> bool:
    row = second_step(session, user_id)
    return row is not None and row.confirmed_at is not None


def second_step_begun(session: Session, user_id: UUID) -> SecondStepRow:
    """The one whose secret the app has yet to learn. Raises SecondStepNotBegun where there is none, or it is on."""
    row = second_step(session, user_id)
    if row is None or row.confirmed_at is not None:
        raise SecondStepNotBegun("There is nothing to confirm. Begin with the QR code.")
    return row


def recovery_codes(session: Session, user_id: UUID) -> list[RecoveryCodeRow]:
    return list(session.scalars(select(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id)))


def recovery_code(session: Session, user_id: UUID, *, code_sha256: str) -> RecoveryCodeRow | None:
    return session.get(RecoveryCodeRow, (user_id, code_sha256))


def digest_key(session: Session, *, purpose: str) -> str:
    return session.get_one(DigestKeyRow, purpose).key


def failures_of_account(session: Session, account: str, *, since: datetime) -> list[datetime]:
    """When sign-in to this account failed since then, and since it last succeeded or got a new password."""
    ends = (Act.SIGNED_IN, Act.PASSWORD_CHANGED)
    rows = select(LedgerRow.act, LedgerRow.at).where(
        LedgerRow.object_kind == "user",
        LedgerRow.object_id == account,
        LedgerRow.act.in_((Act.SIGN_IN_REFUSED, *ends)),
        LedgerRow.at > since,
    )
    newest_first = session.execute(rows.order_by(LedgerRow.position.desc()).limit(FAILURES_MOST))
    return [at for _, at in takewhile(lambda row: row[0] not in ends, newest_first)]


def failures_of_address(session: Session, address: str, *, since: datetime) -> list[datetime]:
    """When sign-in from this address (as the ledger keeps it: a keyed digest) failed since then."""
    rows = select(LedgerRow.at).where(
        LedgerRow.act == Act.SIGN_IN_REFUSED,
        LedgerRow.at > since,
        LedgerRow.detail["address"].as_string() == address,
    )
    return list(session.scalars(rows.order_by(LedgerRow.at.desc()).limit(FAILURES_MOST)))


def users(session: Session) -> list[UserRow]:
    return list(session.scalars(select(UserRow).order_by(UserRow.username)))


def other_administrators(session: Session, user_id: UUID) -> int:
    """How many accounts in use have the role `admin`, besides this one."""
    rows = select(func.count()).select_from(UserRoleRow).join(UserRow, UserRow.actor_id == UserRoleRow.user_id)
    rows = rows.where(UserRoleRow.role == rules.Role.ADMIN, UserRow.disabled_at.is_(None), UserRow.actor_id != user_id)
    return session.scalar(rows) or 0


def keys(session: Session) -> list[KeyRow]:
    """Every key there ever was: by client, the newest first."""
    by_client = select(KeyRow).join(ClientRow).order_by(ClientRow.name, KeyRow.created_at.desc(), KeyRow.id)
    return list(session.scalars(by_client))


def client_named(session: Session, name: str) -> ClientRow | None:
    return session.scalars(select(ClientRow).where(ClientRow.name == name)).first()


def key_with_prefix(session: Session, prefix: str) -> KeyRow | None:
    return session.scalars(select(KeyRow).where(KeyRow.prefix == prefix)).first()


def key_use(session: Session, key_id: UUID) -> KeyUseRow:
    return session.get_one(KeyUseRow, key_id)


def people_who_may(session: Session, permission: Permission) -> list[ActorRow]:
    """Everybody with an account in use and this permission, by name."""
    roles = rules.roles_with(permission)
    holders = select(UserRoleRow.user_id).where(UserRoleRow.role.in_(roles))
    people = select(ActorRow).join(UserRow, UserRow.actor_id == ActorRow.id)
    people = people.where(UserRow.disabled_at.is_(None), ActorRow.id.in_(holders))
    return list(session.scalars(people.order_by(ActorRow.name, ActorRow.id)))


def name(session: Session, actor_id: UUID) -> str:
    return session.get_one(ActorRow, actor_id).name


def names(session: Session, actor_ids: set[UUID]) -> dict[UUID, str]:
    rows = session.scalars(select(ActorRow).where(ActorRow.id.in_(actor_ids)))
    return {row.id: row.name for row in rows}
