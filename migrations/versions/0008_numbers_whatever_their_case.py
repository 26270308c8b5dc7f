"""Case numbers that differ in upper and lower case alone are one number: they are looked up by their folded form.

An index, and not a unique one, since cases of such numbers may have been opened side by side before. Each of them is
still found by its number exactly as it was typed, any other spelling leads to the one that was opened first, and its
owner gives the other another number under Manage. What is stored, and so every digest, stays as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_case_identifiers_accession_folded", "case_identifiers", [sa.text("lower(accession)")])


def downgrade() -> None:
    op.drop_index("ix_case_identifiers_accession_folded", table_name="case_identifiers")
