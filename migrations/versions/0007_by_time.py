"""What is asked by time has an index by time: a reader's last call, the figures, what a change of policy would do.

Only indexes change: no table is made anew, so that every trigger stays.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reads_reader_id_at", "reads", ["reader_id", "at"])
    op.drop_index("ix_reads_reader_id", table_name="reads")
    op.create_index(op.f("ix_reads_at"), "reads", ["at"])
    op.create_index(op.f("ix_screenings_at"), "screenings", ["at"])
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cases_opened_at"), table_name="cases")
    op.drop_index(op.f("ix_screenings_at"), table_name="screenings")
    op.drop_index(op.f("ix_reads_at"), table_name="reads")
    op.create_index("ix_reads_reader_id", "reads", ["reader_id"])
    op.drop_index("ix_reads_reader_id_at", table_name="reads")
