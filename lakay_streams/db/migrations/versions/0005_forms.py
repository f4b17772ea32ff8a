"""What form of report is drafted or was declined, so that a declined correction takes no new movements with it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FORM = """
ALTER TABLE filings ADD COLUMN form text CHECK (form IN ('initial', 'correction', 'continuing'));
COMMENT ON COLUMN filings.form IS 'of the report that was drafted, filed or declined last; null from before 0005';
"""


def upgrade() -> None:
    """Add the form, which is not known of what is there."""
    op.execute(FORM)


def downgrade() -> None:
    """Forget it."""
    op.execute("ALTER TABLE filings DROP COLUMN form")
