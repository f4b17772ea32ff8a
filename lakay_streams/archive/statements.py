"""The SQL of the archive. Rows come as one JSON array (`rows`), which PostgreSQL takes apart.

Every write may be repeated: a row that is there already stays as it is, and an alert gives way to a later revision of
it only. `archive/alerts.py` has judged before which revisions those are.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple


class _Alerts(NamedTuple):
    known: LiteralString
    revisions: LiteralString
    write: LiteralString


ALERTS = _Alerts(
    # In one order and locked, so that no two transactions judge the same alert at once, or wait for each other.
    known="""
        SELECT alert_id::text, kind, alert_type, entity FROM alerts
        WHERE alert_id = ANY(%s::uuid[]) ORDER BY alert_id FOR NO KEY UPDATE
    """,
    # What has no digest is compared itself.
    revisions="""
        SELECT alert_id::text, revision, content, CASE WHEN content IS NULL THEN body END,
               CASE WHEN content IS NULL THEN sealed END, encryption_key
        FROM alert_revisions WHERE alert_id = ANY(%s::uuid[])
    """,
    write="""
        WITH told AS MATERIALIZED (
            SELECT * FROM json_populate_recordset(NULL::alert_revisions, %s)
        ), latest AS (
            INSERT INTO alerts (alert_id, revision, kind, alert_type, entity, tier, score, occurred_at, recorded_at,
                                settings_version, body, sealed, token_key, encryption_key, topic, partition,
                                topic_offset)
            SELECT DISTINCT ON (alert_id)
                   alert_id, revision, kind, alert_type, entity, tier, score, occurred_at, recorded_at,
                   settings_version, body, sealed, token_key, encryption_key, topic, partition, topic_offset
            FROM told ORDER BY alert_id, revision DESC
            ON CONFLICT (alert_id) DO UPDATE SET
                revision = excluded.revision, entity = excluded.entity, tier = excluded.tier, score = excluded.score,
                occurred_at = excluded.occurred_at, recorded_at = excluded.recorded_at,
                settings_version = excluded.settings_version, body = excluded.body, sealed = excluded.sealed,
                token_key = excluded.token_key, encryption_key = excluded.encryption_key, topic = excluded.topic,
                partition = excluded.partition, topic_offset = excluded.topic_offset, revised_at = now()
            WHERE excluded.revision > alerts.revision
        )
        INSERT INTO alert_revisions (alert_id, revision, kind, alert_type, entity, tier, score, occurred_at,
                                     recorded_at, settings_version, body, sealed, token_key, encryption_key, topic,
                                     partition, topic_offset, content, link)
        SELECT alert_id, revision, kind, alert_type, entity, tier, score, occurred_at,
               recorded_at, settings_version, body, sealed, token_key, encryption_key, topic,
               partition, topic_offset, content, %s
        FROM told ORDER BY alert_id, revision
    """,
)

WRITES: dict[str, LiteralString] = {
    "rejects": """
        INSERT INTO rejects (rejected_id, source_topic, source_partition, source_offset, event_id, event_type,
                             rejected_at, reasons, raw_length, raw_truncated, topic, partition, topic_offset)
        SELECT rejected_id, source_topic, source_partition, source_offset, event_id, event_type,
               rejected_at, reasons, raw_length, raw_truncated, topic, partition, topic_offset
        FROM json_populate_recordset(NULL::rejects, %s)
        ON CONFLICT DO NOTHING
    """,
    "quarantine": """
        INSERT INTO quarantine (topic, partition, topic_offset, reasons, raw_length, sealed, encryption_key,
                                recorded_at)
        SELECT topic, partition, topic_offset, reasons, raw_length, sealed, encryption_key, recorded_at
        FROM json_populate_recordset(NULL::quarantine, %s)
        ON CONFLICT DO NOTHING
    """,
    "schema_versions": """
        INSERT INTO schema_versions (event_type, event_version, topic, events, first_seen_at, last_seen_at)
        SELECT event_type, event_version, min(topic), sum(events), min(first_seen_at), max(last_seen_at)
        FROM json_populate_recordset(NULL::schema_versions, %s)
        GROUP BY event_type, event_version
        ORDER BY event_type, event_version
        ON CONFLICT (event_type, event_version) DO UPDATE SET
            events = schema_versions.events + excluded.events,
            first_seen_at = least(schema_versions.first_seen_at, excluded.first_seen_at),
            last_seen_at = greatest(schema_versions.last_seen_at, excluded.last_seen_at)
    """,
}
"""What writes the rows of each other table; the rows that partitions share come last, to be locked shortly."""
