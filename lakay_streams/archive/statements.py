"""The SQL of the archive. Rows come as one JSON array (`rows`), which PostgreSQL takes apart.

Every write may be repeated: a row that is there already stays as it is, and an alert gives way to a later one only.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple


class _Positions(NamedTuple):
    lock: LiteralString
    move: LiteralString
    begin: LiteralString


POSITIONS = _Positions(
    lock="""
        SELECT topic, next_offset, metadata FROM archive_positions
        WHERE partition = %s AND topic = ANY(%s) ORDER BY topic FOR UPDATE
    """,
    move="""
        INSERT INTO archive_positions (topic, partition, next_offset, metadata) VALUES (%s, %s, %s, %s)
        ON CONFLICT (topic, partition) DO UPDATE
        SET next_offset = excluded.next_offset, metadata = excluded.metadata, updated_at = now()
    """,
    begin="""
        INSERT INTO archive_positions (topic, partition, next_offset, metadata) VALUES (%s, %s, %s, %s)
        ON CONFLICT DO NOTHING
    """,
)

WRITES: dict[str, LiteralString] = {
    "alerts": """
        INSERT INTO alerts (alert_id, kind, alert_type, entity, tier, score, occurred_at, recorded_at, settings_version,
                            body, sealed, token_key, encryption_key, topic, partition, topic_offset)
        SELECT DISTINCT ON (alert_id)
               alert_id, kind, alert_type, entity, tier, score, occurred_at, recorded_at, settings_version,
               body, sealed, token_key, encryption_key, topic, partition, topic_offset
        FROM json_populate_recordset(NULL::alerts, %s)
        ORDER BY alert_id, recorded_at DESC, topic_offset DESC
        ON CONFLICT (alert_id) DO UPDATE SET
            kind = excluded.kind, alert_type = excluded.alert_type, entity = excluded.entity, tier = excluded.tier,
            score = excluded.score, occurred_at = excluded.occurred_at, recorded_at = excluded.recorded_at,
            settings_version = excluded.settings_version, body = excluded.body, sealed = excluded.sealed,
            token_key = excluded.token_key, encryption_key = excluded.encryption_key, topic = excluded.topic,
            partition = excluded.partition, topic_offset = excluded.topic_offset, revised_at = now()
        WHERE (excluded.recorded_at, excluded.topic_offset) > (alerts.recorded_at, alerts.topic_offset)
            AND excluded.body IS DISTINCT FROM alerts.body
    """,
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
"""What writes the rows of each table; the rows that partitions share come last, to be locked shortly."""

REFUSED: LiteralString = """
    INSERT INTO quarantine (topic, partition, topic_offset, reasons, raw_length, encryption_key)
    VALUES (%s, %s, %s, ARRAY[%s], %s, '')
    ON CONFLICT DO NOTHING
"""
"""What quarantines a row that its own table does not take."""
