"""Rows put into the database directly."""

from __future__ import annotations

import uuid
from typing import Any


def alert(alert_id: str = "", *, revised_at: str = "now()", kind: str = "fraud") -> tuple[str, dict[str, str]]:
    """Return the statement, and its parameters, that inserts an alert; `revised_at` is an SQL expression."""
    statement = f"""
        INSERT INTO alerts (alert_id, kind, alert_type, entity, occurred_at, recorded_at, archived_at, revised_at, body,
                            token_key, encryption_key, topic, partition, topic_offset)
        VALUES (%(id)s, %(kind)s, 'transaction_risk', 'user_1', now(), now(), {revised_at}, {revised_at}, '{{}}',
                '', '', 'lakay.fraud.alerts', 0, 0)
    """  # noqa: S608 - written by the tests themselves
    return statement, {"id": alert_id or str(uuid.uuid4()), "kind": kind}


def revision(alert_id: str, number: int, *, archived_at: str = "now()") -> tuple[str, dict[str, Any]]:
    """Return the statement, and its parameters, that inserts a revision of an alert that is there."""
    statement = f"""
        INSERT INTO alert_revisions (alert_id, revision, kind, alert_type, entity, occurred_at, recorded_at,
                                     archived_at, body, token_key, encryption_key, topic, partition, topic_offset)
        SELECT alert_id, %(revision)s, kind, alert_type, entity, occurred_at, recorded_at, {archived_at}, body,
               token_key, encryption_key, topic, partition, topic_offset
        FROM alerts WHERE alert_id = %(id)s
    """  # noqa: S608 - written by the tests themselves
    return statement, {"id": alert_id, "revision": number}


def reject(*, archived_at: str) -> tuple[str, dict[str, str]]:
    """Return the statement, and its parameters, that inserts a reject; `archived_at` is an SQL expression."""
    statement = f"""
        INSERT INTO rejects (rejected_id, source_topic, source_partition, source_offset, reasons, raw_length,
                             raw_truncated, archived_at, topic, partition, topic_offset)
        VALUES (%(id)s, 'trebanx.user.events', 0, 0, '{{}}', 0, false, {archived_at}, 'lakay.internal.rejected', 0, 0)
    """  # noqa: S608 - written by the tests themselves
    return statement, {"id": str(uuid.uuid4())}


def quarantined(*, archived_at: str) -> tuple[str, dict[str, str]]:
    """Return the statement, and its parameters, that quarantines a record; `archived_at` is an SQL expression."""
    statement = f"""
        INSERT INTO quarantine (topic, partition, topic_offset, reasons, raw_length, encryption_key, archived_at)
        VALUES (%(topic)s, 0, 0, '{{}}', 0, '', {archived_at})
    """  # noqa: S608 - written by the tests themselves
    return statement, {"topic": uuid.uuid4().hex}
