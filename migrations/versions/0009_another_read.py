"""Another read of a settled cell may be asked for, with a reason."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import guard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "read_requests",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("contests_id", sa.String(36), nullable=False),
        sa.Column("reads_needed", sa.Integer(), nullable=False),
        sa.Column("note_id", sa.String(36), nullable=False),
        sa.Column("note_digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reads_needed > 1", name=op.f("ck_read_requests_one_more_read")),
        sa.ForeignKeyConstraint(["by_id"], ["actors.id"], name=op.f("fk_read_requests_by_id_actors")),
        sa.ForeignKeyConstraint(["contests_id"], ["reads.id"], name=op.f("fk_read_requests_contests_id_reads")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_read_requests_note_id_notes")),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_read_requests_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_requests")),
        sa.UniqueConstraint("contests_id", name=op.f("uq_read_requests_contests_id")),
    )
    op.create_index(op.f("ix_read_requests_screening_id"), "read_requests", ["screening_id"])
    guard(op.get_bind(), ("read_requests",))


def downgrade() -> None:
    op.drop_index(op.f("ix_read_requests_screening_id"), table_name="read_requests")
    op.drop_table("read_requests")
