"""Traces of scaling are a reason of their own.

No row changes: what was screened before was not looked at for them.
"""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A version that does not know this code refuses the database from now on."""


def downgrade() -> None:
    """Rows that hold this code stay, and a version of before tells of each that it does not know it."""
