"""Sign-in through a provider: which account belongs to which of its subjects."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.actor_id"], name=op.f("fk_identities_user_id_users")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"], unique=False)
    guard(op.get_bind(), ("identities",))


def downgrade() -> None:
    op.drop_index("ix_identities_user_id", "identities")
    op.drop_table("identities")
