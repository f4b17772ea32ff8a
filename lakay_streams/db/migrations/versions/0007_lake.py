"""The lake: which files it has, which transaction added and removed them, how far it is, and its users' keys."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LAKE = """
CREATE TABLE lake_positions (
    topic             text NOT NULL,
    partition         integer NOT NULL,
    next_offset       bigint NOT NULL,
    metadata          text NOT NULL DEFAULT '',
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE lake_positions IS 'How far each partition is in the lake; changed in the transaction that adds files.';

CREATE TABLE lake_commits (
    number            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    why               text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lake_commits IS 'Each transaction that changed which files the lake has.';

CREATE TABLE lake_files (
    path              text PRIMARY KEY,
    layer             text NOT NULL,
    topic             text NOT NULL,
    partition         integer NOT NULL,
    event_type        text NOT NULL,
    event_date        date NOT NULL,
    first_offset      bigint NOT NULL,
    last_offset       bigint NOT NULL,
    records           bigint NOT NULL,
    bytes             bigint NOT NULL,
    sha256            text NOT NULL,
    added             bigint REFERENCES lake_commits,
    removed           bigint REFERENCES lake_commits,
    deleted_at        timestamptz
);
COMMENT ON TABLE lake_files IS 'Every file of the lake: the truth, whatever else lies beside them.';
COMMENT ON COLUMN lake_files.added IS 'since which commit the file is the lake''s; not yet while it is being written';
COMMENT ON COLUMN lake_files.removed IS 'since which commit the file is none of the lake''s, so that it may be deleted';
CREATE INDEX lake_files_by_offset ON lake_files (topic, partition, first_offset) WHERE removed IS NULL;
CREATE INDEX lake_files_by_date ON lake_files (layer, event_type, event_date) WHERE removed IS NULL;

CREATE TABLE lake_keys (
    key_id            uuid PRIMARY KEY,
    subject           text NOT NULL,
    month             date NOT NULL,
    sealed            bytea NOT NULL,
    token_key         text NOT NULL,
    encryption_key    text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX lake_keys_by_subject ON lake_keys (subject, month);
COMMENT ON TABLE lake_keys IS 'What seals the records of one person and month: without it they are gone for ever.';
COMMENT ON COLUMN lake_keys.key_id IS 'how files call the key: it tells nothing of the person';
COMMENT ON COLUMN lake_keys.subject IS 'the person''s token; that of an empty text for records about nobody';
COMMENT ON COLUMN lake_keys.sealed IS 'the person''s id and the key, sealed with PII_ENCRYPTION_KEY';
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(LAKE)


def downgrade() -> None:
    """Drop them: the files stay, and nothing opens them any more."""
    op.execute(
        """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM lake_keys) THEN
                RAISE EXCEPTION 'This step would delete the keys of the lake, and so every record in it: '
                    'dump the database and go down in a copy, or keep this revision.';
            END IF;
        END $$;
        """
    )
    op.execute("DROP TABLE lake_files, lake_commits, lake_positions, lake_keys")
