"""Review as a laboratory decides it: policy, leases, drafts, comments, postponing, priority, withdrawal."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FACTS = ("policies", "comments", "case_priorities", "case_withdrawals")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("holder_id", sa.String(36), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "item_id", name=op.f("pk_leases")),
    )
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["actors.id"], name=op.f("fk_policies_decided_by_actors")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_policies")),
    )
    op.create_table(
        "reader_settings",
        sa.Column("reader_id", sa.String(36), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["actors.id"], name=op.f("fk_reader_settings_reader_id_actors")),
        sa.PrimaryKeyConstraint("reader_id", name=op.f("pk_reader_settings")),
    )
    op.create_table(
        "case_priorities",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["actors.id"], name=op.f("fk_case_priorities_by_id_actors")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_priorities_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_priorities")),
    )
    op.create_index(op.f("ix_case_priorities_case_id"), "case_priorities", ["case_id"])
    op.create_table(
        "case_withdrawals",
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("note_id", sa.String(36), nullable=False),
        sa.Column("note_digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["actors.id"], name=op.f("fk_case_withdrawals_by_id_actors")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_withdrawals_case_id_cases")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_case_withdrawals_note_id_notes")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_withdrawals")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("note_id", sa.String(36), nullable=False),
        sa.Column("note_digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["actors.id"], name=op.f("fk_comments_by_id_actors")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_comments_note_id_notes")),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name=op.f("fk_comments_screening_id_screenings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_screening_id"), "comments", ["screening_id"])
    op.create_table(
        "handings",
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("to_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["actors.id"], name=op.f("fk_handings_by_id_actors")),
        sa.ForeignKeyConstraint(["screening_id"], ["screenings.id"], name=op.f("fk_handings_screening_id_screenings")),
        sa.ForeignKeyConstraint(["to_id"], ["actors.id"], name=op.f("fk_handings_to_id_actors")),
        sa.PrimaryKeyConstraint("screening_id", name=op.f("pk_handings")),
    )
    op.create_index(op.f("ix_handings_to_id"), "handings", ["to_id"])
    op.create_table(
        "postponements",
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("reader_id", sa.String(36), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["actors.id"], name=op.f("fk_postponements_reader_id_actors")),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_postponements_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("screening_id", "reader_id", name=op.f("pk_postponements")),
    )
    op.create_table(
        "read_drafts",
        sa.Column("screening_id", sa.String(36), nullable=False),
        sa.Column("reader_id", sa.String(36), nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["actors.id"], name=op.f("fk_read_drafts_reader_id_actors")),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screenings.id"], name=op.f("fk_read_drafts_screening_id_screenings")
        ),
        sa.PrimaryKeyConstraint("screening_id", "reader_id", name=op.f("pk_read_drafts")),
    )
    op.add_column("screenings", sa.Column("policy", sa.Integer(), nullable=True))
    guard(op.get_bind(), FACTS)


def downgrade() -> None:
    op.drop_column("screenings", "policy")
    op.drop_table("read_drafts")
    op.drop_table("postponements")
    op.drop_index(op.f("ix_handings_to_id"), table_name="handings")
    op.drop_table("handings")
    op.drop_index(op.f("ix_comments_screening_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_table("case_withdrawals")
    op.drop_index(op.f("ix_case_priorities_case_id"), table_name="case_priorities")
    op.drop_table("case_priorities")
    op.drop_table("reader_settings")
    op.drop_table("policies")
    op.drop_table("leases")
