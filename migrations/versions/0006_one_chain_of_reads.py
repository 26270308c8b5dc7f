"""A read is superseded once: what a reader says of a cell is one chain, so that no reader has two reads that stand."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("uq_reads_supersedes_id", "reads", ["supersedes_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_reads_supersedes_id", table_name="reads")
