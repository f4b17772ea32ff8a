"""Every report that FinCEN acknowledged, for good, and what was determined, reviewed and drafted before.

`submissions` has a row for each alert behind each report: what was told of it then, so that later revisions can be
compared with it. Rows are added and never changed; what stands behind one is kept for five years after it (31 CFR
1022.320(c), 1010.306(a)(2)). `filings` says what is being done about an alert now.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SUBMISSIONS = """
CREATE TABLE submissions (
    bsa_id            text NOT NULL,
    alert_id          uuid NOT NULL,
    kind              text NOT NULL CHECK (kind IN ('ctr', 'sar')),
    form              text NOT NULL CHECK (form IN ('initial', 'correction', 'continuing')),
    prior_bsa_id      text CHECK (form = 'initial' OR prior_bsa_id IS NOT NULL),
    filed_on          date NOT NULL,
    due               date,
    counted_from      text NOT NULL,
    revision          integer NOT NULL,
    report_id         uuid,
    amount_minor      bigint NOT NULL,
    movements         jsonb NOT NULL,
    filed_by          text NOT NULL,
    recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bsa_id, alert_id)
);
COMMENT ON TABLE submissions IS 'Each report that FinCEN acknowledged, with the alerts behind it; rows never change.';
COMMENT ON COLUMN submissions.prior_bsa_id IS 'the report that this one corrects or continues';
COMMENT ON COLUMN submissions.due IS 'until when it was due; null for a voluntary report';
COMMENT ON COLUMN submissions.counted_from IS 'what its days ran from, in words';
COMMENT ON COLUMN submissions.revision IS 'the alert''s that was reported';
COMMENT ON COLUMN submissions.amount_minor IS 'US cents of the whole report';
COMMENT ON COLUMN submissions.movements IS 'the alert''s movements that were reported: ids, and US cents of each';
COMMENT ON COLUMN submissions.recorded_at IS 'what retention counts from; never before filed_on';
CREATE INDEX submissions_by_alert ON submissions (alert_id);
CREATE INDEX submissions_by_report ON submissions (report_id);

-- Of what was filed before, the last report of each alert is known, and which movements the alert had by then.
INSERT INTO submissions (bsa_id, alert_id, kind, form, prior_bsa_id, filed_on, due, counted_from, revision, report_id,
                         amount_minor, movements, filed_by, recorded_at)
SELECT filings.bsa_id, filings.alert_id, filings.kind, 'initial', NULL, filings.filed_on, filings.due, 'the alert',
       filings.revision, filings.report_id,
       greatest(coalesce((alerts.body #>> '{totals,in_minor}')::bigint, 0),
                coalesce((alerts.body #>> '{totals,out_minor}')::bigint, 0)),
       coalesce((SELECT jsonb_object_agg(each ->> 'movement_id', each -> 'usd_minor')
                 FROM jsonb_array_elements(alerts.body #> '{evidence,movements}') AS each
                 WHERE each ->> 'business_day' <= filings.filed_on::text), '{}'),
       filings.changed_by, filings.changed_at
FROM filings LEFT JOIN alerts USING (alert_id)
WHERE filings.bsa_id IS NOT NULL AND filings.filed_on IS NOT NULL;
"""

FILINGS = """
ALTER TABLE filings DROP CONSTRAINT filings_check, DROP CONSTRAINT filings_check1, DROP CONSTRAINT filings_status_check;
ALTER TABLE filings
    ALTER COLUMN due DROP NOT NULL,
    ADD COLUMN determined_on date,
    ADD COLUMN determined_by text,
    ADD COLUMN voluntary boolean NOT NULL DEFAULT false,
    ADD COLUMN by_hand boolean NOT NULL DEFAULT false,
    ADD COLUMN prior_bsa_id text,
    DROP COLUMN bsa_id,
    DROP COLUMN filed_on,
    ADD CONSTRAINT filings_status_check
        CHECK (status IN ('determined', 'drafted', 'filed', 'declined', 'reviewed')),
    ADD CONSTRAINT filings_reason_check CHECK (status NOT IN ('declined', 'reviewed') OR reason IS NOT NULL),
    ADD CONSTRAINT filings_determined_check CHECK ((determined_on IS NULL) = (determined_by IS NULL));
COMMENT ON TABLE filings IS 'What is done about an alert, or a suspicion without one, now; a row less is open.';
COMMENT ON COLUMN filings.due IS 'null for a voluntary report';
COMMENT ON COLUMN filings.determined_on IS 'when an officer determined that it is suspicious; the 30 days run from it';
COMMENT ON COLUMN filings.prior_bsa_id IS 'the report that one by hand continues';
COMMENT ON COLUMN filings.by_hand IS 'there is no alert: an officer reports what no rule found';
"""

KEEP = """
CREATE FUNCTION keep_submissions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% are BSA records: delete with `lakay db retention`, which keeps them for five years',
            TG_TABLE_NAME;
    ELSIF TG_OP = 'INSERT' THEN
        -- Nobody can add one that is older than it is.
        NEW.recorded_at := clock_timestamp();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'report % was filed, and its row does not change: record another report', OLD.bsa_id;
    ELSIF OLD.recorded_at > now() - interval '5 years' THEN
        RAISE EXCEPTION 'a row of % is kept until % (31 CFR 1010.430)', TG_TABLE_NAME,
            OLD.recorded_at + interval '5 years';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_five_years BEFORE DELETE ON submissions FOR EACH ROW EXECUTE FUNCTION keep_submissions();
CREATE TRIGGER now BEFORE INSERT ON submissions FOR EACH ROW EXECUTE FUNCTION keep_submissions();
CREATE TRIGGER stay BEFORE UPDATE ON submissions FOR EACH ROW EXECUTE FUNCTION keep_submissions();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON submissions FOR EACH STATEMENT EXECUTE FUNCTION keep_submissions();

CREATE TRIGGER retention_only BEFORE DELETE ON submissions FOR EACH STATEMENT EXECUTE FUNCTION retention_only();

CREATE FUNCTION keep_behind_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM submissions
        WHERE recorded_at > now() - interval '5 years'
            AND (to_jsonb(OLD) ->> 'alert_id' = alert_id::text OR to_jsonb(OLD) ->> 'report_id' = report_id::text)
    ) THEN
        RAISE EXCEPTION 'a row of % stands behind a report that was filed less than five years ago, and is kept with '
            'it (31 CFR 1022.320(c))', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_behind BEFORE DELETE ON alerts FOR EACH ROW EXECUTE FUNCTION keep_behind_submission();
CREATE TRIGGER keep_behind BEFORE DELETE ON reports FOR EACH ROW EXECUTE FUNCTION keep_behind_submission();
CREATE TRIGGER keep_behind BEFORE DELETE ON filings FOR EACH ROW EXECUTE FUNCTION keep_behind_submission();
"""

REFUSE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM submissions WHERE recorded_at > now() - interval '5 years')
        OR EXISTS (SELECT FROM filings WHERE status IN ('determined', 'reviewed') OR determined_on IS NOT NULL
                   OR by_hand OR due IS NULL)
    THEN
        RAISE EXCEPTION 'This step would delete what was filed and decided, which is to be kept for five years (31 CFR '
            '1022.320(c)): dump the database and go down in a copy, or keep this revision.';
    END IF;
END $$;
"""

DOWN = """
DROP TRIGGER keep_behind ON alerts;
DROP TRIGGER keep_behind ON reports;
DROP TRIGGER keep_behind ON filings;
ALTER TABLE filings
    DROP CONSTRAINT filings_status_check, DROP CONSTRAINT filings_reason_check,
    DROP CONSTRAINT filings_determined_check,
    ALTER COLUMN due SET NOT NULL,
    DROP COLUMN determined_on, DROP COLUMN determined_by, DROP COLUMN voluntary, DROP COLUMN by_hand,
    DROP COLUMN prior_bsa_id,
    ADD COLUMN bsa_id text, ADD COLUMN filed_on date;
UPDATE filings SET bsa_id = last.bsa_id, filed_on = last.filed_on, changed_at = filings.changed_at
FROM (SELECT DISTINCT ON (alert_id) alert_id, bsa_id, filed_on FROM submissions ORDER BY alert_id, recorded_at DESC)
    AS last
WHERE last.alert_id = filings.alert_id;
ALTER TABLE filings
    ADD CONSTRAINT filings_status_check CHECK (status IN ('drafted', 'filed', 'declined')),
    ADD CONSTRAINT filings_check CHECK (status <> 'filed' OR (bsa_id IS NOT NULL AND filed_on IS NOT NULL)),
    ADD CONSTRAINT filings_check1 CHECK (status <> 'declined' OR reason IS NOT NULL);
DROP TABLE submissions;
DROP FUNCTION keep_submissions, keep_behind_submission;
"""


def upgrade() -> None:
    """Move what was filed to rows of its own."""
    op.execute(SUBMISSIONS)
    op.execute(FILINGS)
    op.execute(KEEP)


def downgrade() -> None:
    """Go back to one row for each alert, unless that would delete records that are to be kept."""
    op.execute(REFUSE)
    op.execute(DOWN)
