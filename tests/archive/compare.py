"""What PostgreSQL must hold, worked out in plain Python from the committed content of the topics, and what it holds."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg

from lakay_streams.contracts.topics import EVENT_TYPES, REJECTED
from lakay_streams.db.url import connection_parameters
from lakay_streams.pii.keys import encryption_keys
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.settings import Settings
from tests.archive.feed import ALERT_TOPICS
from tests.engine.harness import read


class Archived(NamedTuple):
    """Alerts by id, with personal values, and all their revisions; ids of rejects; where the quarantined came from;
    counts of versions.
    """

    alerts: dict[str, Any]
    revisions: dict[tuple[str, int], Any]
    rejects: set[str]
    quarantine: set[tuple[str, int, int]]
    versions: dict[tuple[str, str], int]

    def differences(self, other: Archived) -> list[str]:
        """Return how this differs from `other`; nothing if it does not."""
        found = []
        for name in ("alerts", "revisions", "rejects", "quarantine", "versions"):
            ours, theirs = getattr(self, name), getattr(other, name)
            missing, more = set(theirs) - set(ours), set(ours) - set(theirs)
            if missing or more:
                found.append(f"{name}: {len(missing)} missing, {len(more)} too many: {list(missing | more)[:3]}")
            if isinstance(ours, dict):
                changed = [key for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]]
                found += [f"{name} {key}: {ours[key]} instead of {theirs[key]}" for key in changed[:3]]
        return found


async def committed(kafka: str, *, crashing: bool = False) -> Archived:
    """Return what the committed records of the topics amount to."""
    revisions: dict[tuple[str, int], Any] = {}
    quarantine = set()
    for topic in ALERT_TOPICS:
        for record in await _records(kafka, topic):
            document = _alert_in(record.value)
            if document is None or (crashing and "boom" in document):
                quarantine.add((topic, record.partition, record.offset))
                continue
            # All that is told of an alert is in one partition, in order: what comes first stays.
            if revisions.setdefault(revision_in(document), document) != document:
                quarantine.add((topic, record.partition, record.offset))
    rejects = {json.loads(record.value)["rejected_id"] for record in await _records(kafka, REJECTED)}
    versions: Counter[tuple[str, str]] = Counter()
    for topic in EVENT_TYPES:
        for record in await _records(kafka, topic):
            document = json.loads(record.value)
            versions[document["event_type"], document["event_version"]] += 1
    latest = {alert_id: document for (alert_id, _), document in sorted(revisions.items(), key=lambda each: each[0])}
    return Archived(latest, revisions, rejects, quarantine, dict(versions))


def kept(settings: Settings) -> Archived:
    """Return what PostgreSQL holds."""
    vault = Vault(encryption_keys(settings))
    with psycopg.connect(**connection_parameters(settings.database_url, "tests")) as connection:
        found: dict[str, dict[tuple[str, int], Any]] = {"alerts": {}, "alert_revisions": {}}
        for table, documents in found.items():
            for alert_id, revision, body, sealed, key in connection.execute(
                f"SELECT alert_id::text, revision, body, sealed, encryption_key FROM {table}"  # noqa: S608 - ours
            ):
                values = json.loads(vault.open(sealed, key, f"alerts/{alert_id}")) if sealed else {}
                documents[alert_id, revision] = reveal(body, values)
        return Archived(
            {alert_id: document for (alert_id, _), document in found["alerts"].items()},
            found["alert_revisions"],
            {rejected_id for (rejected_id,) in connection.execute("SELECT rejected_id::text FROM rejects")},
            set(connection.execute("SELECT topic, partition, topic_offset FROM quarantine")),
            {
                (event_type, version): events
                for event_type, version, events in connection.execute(
                    "SELECT event_type, event_version, events FROM schema_versions"
                )
            },
        )


async def _records(kafka: str, topic: str) -> Iterable[Any]:
    return [record for batch in (await read(kafka, topic)).values() for record in batch]


def _alert_in(raw: bytes | None) -> Any:
    try:
        document = json.loads(raw or b"")
        return document if document["settings_version"] else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def revision_in(document: dict[str, Any]) -> tuple[str, int]:
    """Return the id and the revision of an alert."""
    return document.get("alert_id") or document["trigger_id"], document.get("revision", 1)


async def all_is_archived(kafka: str, settings: Settings, *, crashing: bool = False, seconds: float = 90.0) -> None:
    """Wait until PostgreSQL holds what the topics hold; fail if it holds less or more.

    With `crashing`, the archive has the bug of `tests.archive.crashing`.
    """
    deadline = time.monotonic() + seconds
    # Read anew each time: a commit is answered before its records are there for readers of committed ones.
    while differences := kept(settings).differences(wanted := await committed(kafka, crashing=crashing)):
        assert time.monotonic() < deadline, f"not archived within {seconds:g} s: {differences}"
        await asyncio.sleep(0.3)
    assert len(wanted.alerts) > 100
    assert wanted.quarantine
    assert wanted.rejects
    # What came twice might come late.
    await asyncio.sleep(1.0)
    assert kept(settings).differences(wanted) == []
