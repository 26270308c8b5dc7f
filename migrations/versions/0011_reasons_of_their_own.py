"""An unusual stain, a straight outline, an unusual image size and traces of compression are reasons of their own.

No row changes: what was flagged before keeps the reason that it was given.
"""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A version that does not know these codes refuses the database from now on."""


def downgrade() -> None:
    """Rows that hold these codes stay, and a version of before tells of each that it does not know it."""
