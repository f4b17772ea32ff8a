"""Every revision of every alert, and records that are neither rewritten nor deleted by accident.

`alerts` shows the latest revision of each, `alert_revisions` keeps them all. What retention counts from cannot be
lowered any more, and whatever is kept for five years (31 CFR 1010.430(d)) is deleted by `lakay db retention` alone.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REVISIONS = """
ALTER TABLE alerts ADD COLUMN revision integer;
UPDATE alerts SET revision = CASE
    WHEN kind = 'compliance' AND body ->> 'revision' ~ '^[1-9][0-9]{0,8}$' THEN (body ->> 'revision')::integer
    ELSE 1
END;
ALTER TABLE alerts ALTER COLUMN revision SET DEFAULT 1, ALTER COLUMN revision SET NOT NULL;
COMMENT ON TABLE alerts IS 'The latest revision of every alert of the committed lakay.* topics.';
COMMENT ON COLUMN alerts.revision IS 'counts up with every update of a compliance alert; 1 for the others';
COMMENT ON COLUMN alerts.revised_at IS 'when its latest revision was archived';

CREATE TABLE alert_revisions (
    alert_id          uuid NOT NULL REFERENCES alerts ON DELETE CASCADE,
    revision          integer NOT NULL CHECK (revision > 0),
    kind              text NOT NULL,
    alert_type        text NOT NULL,
    entity            text NOT NULL,
    tier              text,
    score             double precision,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    archived_at       timestamptz NOT NULL DEFAULT now(),
    settings_version  text,
    body              jsonb NOT NULL,
    sealed            bytea,
    token_key         text NOT NULL,
    encryption_key    text NOT NULL,
    topic             text NOT NULL,
    partition         integer NOT NULL,
    topic_offset      bigint NOT NULL,
    content           text,
    link              uuid,
    PRIMARY KEY (alert_id, revision)
);
COMMENT ON TABLE alert_revisions IS 'Every revision of every alert, as it was sent; rows are added, and never changed.';
COMMENT ON COLUMN alert_revisions.sealed IS 'the personal values by token, encrypted (AES-GCM), bound to the alert';
COMMENT ON COLUMN alert_revisions.content IS 'keyed digest of the alert as sent; null from before revision 0003';
COMMENT ON COLUMN alert_revisions.link IS 'subject of the entry in audit_trail with the row''s digest; null as content';
CREATE INDEX alert_revisions_by_link ON alert_revisions (link);

INSERT INTO alert_revisions (alert_id, revision, kind, alert_type, entity, tier, score, occurred_at, recorded_at,
                             archived_at, settings_version, body, sealed, token_key, encryption_key, topic, partition,
                             topic_offset)
SELECT alert_id, revision, kind, alert_type, entity, tier, score, occurred_at, recorded_at,
       revised_at, settings_version, body, sealed, token_key, encryption_key, topic, partition, topic_offset
FROM alerts;

-- How many revisions no entry tells of, so that later none can be slipped in among them.
DO $$
DECLARE
    before audit_head%ROWTYPE;
    known bigint;
    told text;
BEGIN
    SELECT count(*) INTO known FROM alert_revisions;
    IF known = 0 THEN
        RETURN;
    END IF;
    SELECT * INTO STRICT before FROM audit_head FOR UPDATE;
    told := format(
        '{"action":"alert_revisions_begun","actor":"migration","at":"%s","details":{"rows":%s},"previous":"%s",'
            '"seq":%s,"subject":""}',
        to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), known, before.hash, before.seq + 1
    );
    INSERT INTO audit_trail (seq, entry, hash)
    VALUES (before.seq + 1, told, encode(sha256(convert_to(told, 'UTF8')), 'hex'));
END $$;
"""

STAY = """
CREATE FUNCTION records_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is a BSA record (31 CFR 1010.430): what it says, and the times that its retention '
        'counts from, do not change', TG_TABLE_NAME;
END $$;

CREATE TRIGGER stay BEFORE UPDATE ON alerts FOR EACH ROW WHEN (
    (NEW.alert_id, NEW.kind, NEW.alert_type, NEW.archived_at)
        IS DISTINCT FROM (OLD.alert_id, OLD.kind, OLD.alert_type, OLD.archived_at)
    OR NEW.revised_at < OLD.revised_at OR NEW.revision < OLD.revision
) EXECUTE FUNCTION records_stay();

-- `lakay pii rotate` alone changes a revision: tokens and seal, of the same values.
CREATE TRIGGER stay BEFORE UPDATE ON alert_revisions FOR EACH ROW WHEN (
    (NEW.alert_id, NEW.revision, NEW.kind, NEW.alert_type, NEW.tier, NEW.score, NEW.occurred_at, NEW.recorded_at,
     NEW.archived_at, NEW.settings_version, NEW.topic, NEW.partition, NEW.topic_offset, NEW.content, NEW.link)
        IS DISTINCT FROM
    (OLD.alert_id, OLD.revision, OLD.kind, OLD.alert_type, OLD.tier, OLD.score, OLD.occurred_at, OLD.recorded_at,
     OLD.archived_at, OLD.settings_version, OLD.topic, OLD.partition, OLD.topic_offset, OLD.content, OLD.link)
) EXECUTE FUNCTION records_stay();

CREATE TRIGGER stay BEFORE UPDATE ON rejects FOR EACH ROW WHEN (
    (NEW.rejected_id, NEW.source_topic, NEW.source_partition, NEW.source_offset, NEW.event_id, NEW.event_type,
     NEW.rejected_at, NEW.raw_length, NEW.raw_truncated, NEW.archived_at, NEW.topic, NEW.partition, NEW.topic_offset)
        IS DISTINCT FROM
    (OLD.rejected_id, OLD.source_topic, OLD.source_partition, OLD.source_offset, OLD.event_id, OLD.event_type,
     OLD.rejected_at, OLD.raw_length, OLD.raw_truncated, OLD.archived_at, OLD.topic, OLD.partition, OLD.topic_offset)
) EXECUTE FUNCTION records_stay();

CREATE TRIGGER stay BEFORE UPDATE ON quarantine FOR EACH ROW WHEN (
    (NEW.topic, NEW.partition, NEW.topic_offset, NEW.reasons, NEW.raw_length, NEW.recorded_at, NEW.archived_at)
        IS DISTINCT FROM
    (OLD.topic, OLD.partition, OLD.topic_offset, OLD.reasons, OLD.raw_length, OLD.recorded_at, OLD.archived_at)
) EXECUTE FUNCTION records_stay();

CREATE TRIGGER stay BEFORE UPDATE ON filings FOR EACH ROW WHEN (
    NEW.alert_id <> OLD.alert_id OR NEW.changed_at < OLD.changed_at
) EXECUTE FUNCTION records_stay();
"""

KEEP = """
CREATE FUNCTION keep_archived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% are BSA records: delete with `lakay db retention`, which keeps them for five years',
            TG_TABLE_NAME;
    END IF;
    IF OLD.archived_at > now() - interval '5 years' THEN
        RAISE EXCEPTION 'a row of % is kept until % (31 CFR 1010.430)', TG_TABLE_NAME,
            OLD.archived_at + interval '5 years';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_five_years BEFORE DELETE ON rejects FOR EACH ROW EXECUTE FUNCTION keep_archived();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON rejects FOR EACH STATEMENT EXECUTE FUNCTION keep_archived();
CREATE TRIGGER keep_five_years BEFORE DELETE ON quarantine FOR EACH ROW EXECUTE FUNCTION keep_archived();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION keep_archived();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON alert_revisions FOR EACH STATEMENT EXECUTE FUNCTION keep_archived();

CREATE FUNCTION keep_with_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM alerts WHERE alert_id = OLD.alert_id) THEN
        RAISE EXCEPTION 'revision % of alert % is kept for as long as the alert (31 CFR 1010.430)', OLD.revision,
            OLD.alert_id;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_five_years BEFORE DELETE ON alert_revisions FOR EACH ROW EXECUTE FUNCTION keep_with_alert();

CREATE FUNCTION retention_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('lakay.retention', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION '% are BSA records (31 CFR 1010.430): delete with `lakay db retention`, which keeps them for '
            'five years', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""

GUARDED = ("alerts", "alert_revisions", "rejects", "quarantine", "reports", "filings")
"""Tables that only retention deletes from."""

GUARD = "CREATE TRIGGER retention_only BEFORE DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION retention_only()"

# Who may add to the trail need not be able to write its head.
DEFINER = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION audit_follows() SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END $$;
"""

REFUSE = """
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM alert_revisions JOIN alerts USING (alert_id)
        WHERE alert_revisions.revision <> alerts.revision AND alerts.revised_at > now() - interval '5 years'
    ) THEN
        RAISE EXCEPTION 'This step would delete revisions of alerts that are to be kept for five years (31 CFR '
            '1010.430): dump the database and go down in a copy, or keep this revision.';
    END IF;
END $$;
"""

DOWN = """
DROP TRIGGER stay ON alerts;
DROP TRIGGER stay ON rejects;
DROP TRIGGER keep_five_years ON rejects;
DROP TRIGGER keep_all ON rejects;
DROP TRIGGER stay ON quarantine;
DROP TRIGGER keep_five_years ON quarantine;
DROP TRIGGER keep_all ON quarantine;
DROP TRIGGER stay ON filings;
DROP TABLE alert_revisions;
DROP FUNCTION records_stay, keep_archived, keep_with_alert, retention_only;
ALTER TABLE alerts DROP COLUMN revision;
ALTER FUNCTION audit_follows() SECURITY INVOKER RESET search_path;
"""


def upgrade() -> None:
    """Keep each alert's only known revision as its first row."""
    op.execute(REVISIONS)
    op.execute(STAY)
    op.execute(KEEP)
    for table in GUARDED:
        op.execute(GUARD.format(table))
    op.execute(DEFINER)


def downgrade() -> None:
    """Forget the revisions, unless that would delete records that are to be kept."""
    op.execute(REFUSE)
    for table in GUARDED:
        op.execute(f"DROP TRIGGER retention_only ON {table}")
    op.execute(DOWN)
