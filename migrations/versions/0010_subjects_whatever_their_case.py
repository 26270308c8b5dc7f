"""Pseudonyms that differ in upper and lower case alone are one subject's: they are compared by their folded form.

What is stored, and so every digest, stays as it was typed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_case_identifiers_subject", table_name="case_identifiers")
    op.create_index("ix_case_identifiers_subject_folded", "case_identifiers", [sa.text("lower(subject)")])


def downgrade() -> None:
    op.drop_index("ix_case_identifiers_subject_folded", table_name="case_identifiers")
    op.create_index("ix_case_identifiers_subject", "case_identifiers", ["subject"])
