"""Access: what sign-in, second steps, keys and shared cases need beyond the first rows."""

import secrets

import sqlalchemy as sa
from alembic import op

from migrations.append_only import guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("key_rotations",)


def upgrade() -> None:
    _sessions_with_ids()
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_ledger_act_at", "ledger", ["act", "at"], unique=False)
    _sign_in_tables()
    _key_tables()
    op.create_table(
        "case_shares",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("shared_by", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_case_shares_actor_id_actors")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_shares_case_id_cases")),
        sa.ForeignKeyConstraint(["shared_by"], ["actors.id"], name=op.f("fk_case_shares_shared_by_actors")),
        sa.PrimaryKeyConstraint("case_id", "actor_id", name=op.f("pk_case_shares")),
    )
    op.create_index("ix_case_shares_actor_id", "case_shares", ["actor_id"], unique=False)
    guard(op.get_bind(), APPEND_ONLY)


def _sessions_with_ids() -> None:
    """Sessions come and go: everybody signs in once more."""
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_sessions_id")),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)


def _sign_in_tables() -> None:
    op.create_table(
        "reset_links",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_reset_links_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_reset_links")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_reset_links_token_sha256")),
    )
    op.create_table(
        "second_steps",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_counter", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_second_steps_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_steps")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_recovery_codes_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "code_sha256", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "half_sign_ins",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_half_sign_ins_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_half_sign_ins")),
    )
    op.create_index("ix_half_sign_ins_user_id", "half_sign_ins", ["user_id"], unique=False)
    digest_keys = op.create_table(
        "digest_keys",
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_digest_keys")),
    )
    op.bulk_insert(digest_keys, [{"purpose": "sign_in", "key": secrets.token_hex(32)}])


def _key_tables() -> None:
    op.create_table(
        "key_rotations",
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("successor_id", sa.String(36), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rotated_by", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_rotations_key_id_keys")),
        sa.ForeignKeyConstraint(["rotated_by"], ["actors.id"], name=op.f("fk_key_rotations_rotated_by_actors")),
        sa.ForeignKeyConstraint(["successor_id"], ["keys.id"], name=op.f("fk_key_rotations_successor_id_keys")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_rotations")),
        sa.UniqueConstraint("successor_id", name=op.f("uq_key_rotations_successor_id")),
    )
    op.create_table(
        "key_uses",
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_uses_key_id_keys")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_uses")),
    )
    op.execute("INSERT INTO key_uses (key_id) SELECT id FROM keys")


def downgrade() -> None:
    for table in (
        "case_shares",
        "key_uses",
        "key_rotations",
        "digest_keys",
        "half_sign_ins",
        "recovery_codes",
        "second_steps",
        "reset_links",
        "sessions",
    ):
        op.drop_table(table)
    op.drop_index("ix_ledger_act_at", "ledger")
    op.drop_column("users", "disabled_at")
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
