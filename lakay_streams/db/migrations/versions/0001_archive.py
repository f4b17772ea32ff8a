"""The archive: alerts, the rejects' index, quarantine, schema versions, positions in Kafka, and the audit trail.

BSA records are kept for five years (31 CFR 1010.430(d)), and the database itself refuses to delete them earlier. The
audit trail takes rows that follow its head, and nothing else.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ALERTS = """
CREATE TABLE alerts (
    alert_id          uuid PRIMARY KEY,
    kind              text NOT NULL,
    alert_type        text NOT NULL,
    entity            text NOT NULL,
    tier              text,
    score             double precision,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    archived_at       timestamptz NOT NULL DEFAULT now(),
    revised_at        timestamptz NOT NULL DEFAULT now(),
    settings_version  text,
    body              jsonb NOT NULL,
    sealed            bytea,
    token_key         text NOT NULL,
    encryption_key    text NOT NULL,
    topic             text NOT NULL,
    partition         integer NOT NULL,
    topic_offset      bigint NOT NULL
);
COMMENT ON TABLE alerts IS 'Every alert of the committed lakay.* topics, as it was sent last.';
COMMENT ON COLUMN alerts.kind IS 'fraud, ato, circle, compliance or edd: the topic it came on';
COMMENT ON COLUMN alerts.entity IS 'whom it is about: a token of the user''s id, or a circle''s id';
COMMENT ON COLUMN alerts.occurred_at IS 'event time';
COMMENT ON COLUMN alerts.recorded_at IS 'when it was put on its topic';
COMMENT ON COLUMN alerts.revised_at IS 'when it was archived last: a later one with its id replaces it';
COMMENT ON COLUMN alerts.body IS 'the alert as sent, personal values replaced by tokens';
COMMENT ON COLUMN alerts.sealed IS 'the personal values by token, encrypted (AES-GCM)';
CREATE INDEX alerts_by_time ON alerts (occurred_at);
CREATE INDEX alerts_by_kind ON alerts (kind, occurred_at);
CREATE INDEX alerts_by_entity ON alerts (entity, occurred_at);

CREATE FUNCTION keep_bsa_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'alerts are BSA records: delete with `lakay db retention`, which keeps them for five years';
    END IF;
    IF OLD.revised_at > now() - interval '5 years' THEN
        RAISE EXCEPTION 'alert % is kept until % (31 CFR 1010.430)', OLD.alert_id, OLD.revised_at + interval '5 years';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_five_years BEFORE DELETE ON alerts FOR EACH ROW EXECUTE FUNCTION keep_bsa_records();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON alerts FOR EACH STATEMENT EXECUTE FUNCTION keep_bsa_records();
"""

AROUND = """
CREATE TABLE rejects (
    rejected_id       uuid PRIMARY KEY,
    source_topic      text NOT NULL,
    source_partition  integer NOT NULL,
    source_offset     bigint NOT NULL,
    event_id          uuid,
    event_type        text,
    rejected_at       timestamptz,
    reasons           text[] NOT NULL,
    raw_length        integer NOT NULL,
    raw_truncated     boolean NOT NULL,
    archived_at       timestamptz NOT NULL DEFAULT now(),
    topic             text NOT NULL,
    partition         integer NOT NULL,
    topic_offset      bigint NOT NULL
);
COMMENT ON TABLE rejects IS 'An index of lakay.internal.rejected; the raw bytes stay there.';
COMMENT ON COLUMN rejects.topic_offset IS 'where on lakay.internal.rejected, beside topic and partition';
CREATE INDEX rejects_by_time ON rejects (rejected_at);

CREATE TABLE quarantine (
    topic             text NOT NULL,
    partition         integer NOT NULL,
    topic_offset      bigint NOT NULL,
    reasons           text[] NOT NULL,
    raw_length        integer NOT NULL,
    sealed            bytea,
    encryption_key    text NOT NULL,
    recorded_at       timestamptz,
    archived_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, topic_offset)
);
COMMENT ON TABLE quarantine IS 'Records of the lakay.* topics that could not be archived, with every reason.';
COMMENT ON COLUMN quarantine.sealed IS 'the record''s first bytes, encrypted (AES-GCM)';

CREATE TABLE schema_versions (
    event_type        text NOT NULL,
    event_version     text NOT NULL,
    topic             text NOT NULL,
    events            bigint NOT NULL,
    first_seen_at     timestamptz NOT NULL,
    last_seen_at      timestamptz NOT NULL,
    PRIMARY KEY (event_type, event_version)
);
COMMENT ON TABLE schema_versions IS 'Which versions of which events were seen on the trebanx.* topics.';

CREATE TABLE archive_positions (
    topic             text NOT NULL,
    partition         integer NOT NULL,
    next_offset       bigint NOT NULL,
    metadata          text NOT NULL DEFAULT '',
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE archive_positions IS 'How far each partition is archived; changed in the transaction that archives.';
"""

AUDIT = """
CREATE TABLE audit_head (
    one               boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq               bigint NOT NULL,
    hash              text NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, '');

CREATE TABLE audit_trail (
    seq               bigint PRIMARY KEY,
    entry             text NOT NULL,
    hash              text NOT NULL,
    actor             text GENERATED ALWAYS AS (entry::jsonb ->> 'actor') STORED,
    action            text GENERATED ALWAYS AS (entry::jsonb ->> 'action') STORED,
    subject           text GENERATED ALWAYS AS (entry::jsonb ->> 'subject') STORED
);
COMMENT ON COLUMN audit_trail.entry IS 'canonical JSON, with the hash of the row before as "previous"';
COMMENT ON COLUMN audit_trail.hash IS 'SHA-256 of the entry in UTF-8, as hex';
CREATE INDEX audit_trail_by_subject ON audit_trail (subject, seq);
CREATE INDEX audit_trail_by_action ON audit_trail (action, seq);

CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE head audit_head%ROWTYPE;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    IF NEW.seq <> head.seq + 1
        OR (NEW.entry::jsonb ->> 'seq')::bigint IS DISTINCT FROM NEW.seq
        OR NEW.entry::jsonb ->> 'previous' IS DISTINCT FROM head.hash
        OR NEW.hash <> encode(sha256(convert_to(NEW.entry, 'UTF8')), 'hex')
    THEN
        RAISE EXCEPTION 'audit row % does not follow row %', NEW.seq, head.seq;
    END IF;
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER follows BEFORE INSERT ON audit_trail FOR EACH ROW EXECUTE FUNCTION audit_follows();

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % is refused', TG_OP;
END $$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
CREATE TRIGGER stays BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
"""

REFUSE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM alerts WHERE revised_at > now() - interval '5 years') THEN
        RAISE EXCEPTION 'This step would delete alerts that are to be kept for five years (31 CFR 1010.430): '
            'dump the database and go down in a copy, or keep this revision.';
    END IF;
END $$;
"""


def upgrade() -> None:
    """Make every table."""
    op.execute(ALERTS)
    op.execute(AROUND)
    op.execute(AUDIT)


def downgrade() -> None:
    """Drop them all, unless that would delete records that are to be kept."""
    op.execute(REFUSE)
    op.execute("DROP TABLE alerts, rejects, quarantine, schema_versions, archive_positions, audit_trail, audit_head")
    op.execute("DROP FUNCTION keep_bsa_records, audit_follows, audit_stays")
