"""From here on the audit trail has a digest of every row of `filings` and `submissions` (`reports/verifying.py`).

A migration has no key to make digests with. So of the rows that are there already, one entry has the names: none can be
slipped in among them, or be removed, without a trace.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As `audit.canonical` writes it: names in the order of their code points, no spaces.
BEGUN = """
DO $$
DECLARE
    before audit_head%ROWTYPE;
    known text;
    told text;
BEGIN
    SELECT string_agg(concat(to_json(name), ':', 'null'), ',' ORDER BY name COLLATE "C") INTO known FROM (
        SELECT 'filings/' || alert_id AS name FROM filings
        UNION ALL
        SELECT 'submissions/' || bsa_id || '/' || alert_id FROM submissions
    ) AS rows;
    IF known IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO STRICT before FROM audit_head FOR UPDATE;
    told := format(
        '{"action":"filings_begun","actor":"migration","at":"%s","details":{"rows":{%s}},"previous":"%s","seq":%s,'
            '"subject":""}',
        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), known, before.hash, before.seq + 1
    );
    INSERT INTO audit_trail (seq, entry, hash)
    VALUES (before.seq + 1, told, encode(sha256(convert_to(told, 'UTF8')), 'hex'));
END $$;
"""


def upgrade() -> None:
    """Put the names of what is there into the trail, which nothing is ever taken out of."""
    op.execute(BEGUN)


def downgrade() -> None:
    """Change nothing: an earlier version reads the same tables, and tells the trail less."""
