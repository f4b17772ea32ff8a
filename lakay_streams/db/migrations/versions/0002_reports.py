"""Compliance reports, and what became of what is to be filed with FinCEN.

A report never changes: only its seal does, when the encryption key is replaced. Reports and filings are kept for five
years (31 CFR 1010.430(d)), as alerts are.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REPORTS = """
CREATE TABLE reports (
    report_id         uuid PRIMARY KEY,
    kind              text NOT NULL CHECK (kind IN ('ctr', 'sar', 'summary', 'audit')),
    period_start      date NOT NULL,
    period_end        date NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by        text NOT NULL,
    settings_version  text NOT NULL,
    sha256            text NOT NULL,
    validation        jsonb NOT NULL,
    formats           text[] NOT NULL,
    sealed            bytea NOT NULL,
    encryption_key    text NOT NULL
);
COMMENT ON TABLE reports IS 'Compliance reports as they were made; beside the seal, nothing personal.';
COMMENT ON COLUMN reports.sha256 IS 'of the exact bytes that are sealed, as hex';
COMMENT ON COLUMN reports.sealed IS 'document and FinCEN batch as canonical JSON, encrypted (AES-GCM)';
CREATE INDEX reports_by_time ON reports (created_at);
CREATE INDEX reports_by_kind ON reports (kind, created_at);

CREATE TABLE filings (
    alert_id          uuid PRIMARY KEY,
    kind              text NOT NULL CHECK (kind IN ('ctr', 'sar')),
    due               date NOT NULL,
    status            text NOT NULL CHECK (status IN ('drafted', 'filed', 'declined')),
    revision          integer NOT NULL,
    report_id         uuid,
    bsa_id            text,
    filed_on          date,
    reason            text,
    changed_by        text NOT NULL,
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (status <> 'filed' OR (bsa_id IS NOT NULL AND filed_on IS NOT NULL)),
    CHECK (status <> 'declined' OR reason IS NOT NULL)
);
COMMENT ON TABLE filings IS 'What was drafted, filed or declined of the alerts to be reported; a row less is open.';
COMMENT ON COLUMN filings.revision IS 'the alert''s, which the status is about';
COMMENT ON COLUMN filings.bsa_id IS 'the identifier that BSA E-Filing acknowledged; stays when an amendment is drafted';

CREATE FUNCTION keep_bsa_reports() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE written timestamptz;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% are BSA records: delete with `lakay db retention`, which keeps them for five years',
            TG_TABLE_NAME;
    END IF;
    written := coalesce(to_jsonb(OLD) ->> 'created_at', to_jsonb(OLD) ->> 'changed_at');
    IF written > now() - interval '5 years' THEN
        RAISE EXCEPTION 'a row of % is kept until % (31 CFR 1010.430)', TG_TABLE_NAME, written + interval '5 years';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_five_years BEFORE DELETE ON reports FOR EACH ROW EXECUTE FUNCTION keep_bsa_reports();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON reports FOR EACH STATEMENT EXECUTE FUNCTION keep_bsa_reports();
CREATE TRIGGER keep_five_years BEFORE DELETE ON filings FOR EACH ROW EXECUTE FUNCTION keep_bsa_reports();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON filings FOR EACH STATEMENT EXECUTE FUNCTION keep_bsa_reports();

CREATE FUNCTION reports_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The seal alone may change: `lakay pii rotate` seals the same bytes with a new key.
    IF to_jsonb(NEW) - 'sealed' - 'encryption_key' IS DISTINCT FROM to_jsonb(OLD) - 'sealed' - 'encryption_key' THEN
        RAISE EXCEPTION 'report % is immutable: make a new one', OLD.report_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stay BEFORE UPDATE ON reports FOR EACH ROW EXECUTE FUNCTION reports_stay();
"""

REFUSE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM reports WHERE created_at > now() - interval '5 years')
        OR EXISTS (SELECT FROM filings WHERE changed_at > now() - interval '5 years')
    THEN
        RAISE EXCEPTION 'This step would delete reports that are to be kept for five years (31 CFR 1010.430): '
            'dump the database and go down in a copy, or keep this revision.';
    END IF;
END $$;
"""


def upgrade() -> None:
    """Make both tables."""
    op.execute(REPORTS)


def downgrade() -> None:
    """Drop them, unless that would delete records that are to be kept."""
    op.execute(REFUSE)
    op.execute("DROP TABLE reports, filings")
    op.execute("DROP FUNCTION keep_bsa_reports, reports_stay")
