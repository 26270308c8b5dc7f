"""Proofs at the provider, made before an act that bears somebody's name."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proofs",
        sa.Column("session_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("onward", sa.String(length=200), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_proofs_user_id_users")),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_proofs")),
    )
    op.create_index(op.f("ix_proofs_user_id"), "proofs", ["user_id"])
    op.create_index(op.f("ix_result_versions_sha256"), "result_versions", ["sha256"])


def downgrade() -> None:
    op.drop_index(op.f("ix_result_versions_sha256"), table_name="result_versions")
    op.drop_index(op.f("ix_proofs_user_id"), table_name="proofs")
    op.drop_table("proofs")
