"""Personal values go to the readers of alerts on Kafka, and to nobody else: in no log, and nowhere in PostgreSQL.

A worker and an archive, each a process, score and archive guessed passwords, split cash, records that are rejected and
an alert that tells everything; every personal value is planted. The same search finds each of them on Kafka, and would
find it elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from lakay_streams.contracts.topics import FRAUD_ALERTS, REJECTED, REMITTANCES, TRANSACTIONS, USERS
from lakay_streams.db import schema
from lakay_streams.db.url import connection_parameters
from lakay_streams.settings import Settings
from tests.agents.running import until
from tests.archive.feed import alert
from tests.archive.running import archives
from tests.contracts.events import event
from tests.db import servers
from tests.e2e.platform import ALERT_TOPICS, Platform

USER = "u-planted-4417"
"""Logged as it is, since operators search by it (runbook 9.6); in PostgreSQL a token like the rest."""

PLANTED = {
    "name": "Marie Planted-Joseph",
    "document": "HT-88-PLANTED-1207",
    "email": "marie.planted@example.ht",
    "phone": "+509 3812-4455",
    "address": "17 rue Planted, Delmas",
    "ip": "203.0.113.77",
    "device": "pixel-planted-9",
    "recipient": "u-planted-recipient-55",
}


def planted(event_type: str, minute: int, **payload: Any) -> bytes:
    """Return an event with every personal value in its payload, also in fields that nobody knows of."""
    about = {
        "user_id": USER,
        "device_id": PLANTED["device"],
        "ip_address": PLANTED["ip"],
        "email": PLANTED["email"],
        "phone": PLANTED["phone"],
        "full_name": PLANTED["name"],
        "address": PLANTED["address"],
        "document_number": PLANTED["document"],
        "note": f"call {PLANTED['phone']}",
    }
    document = event(event_type, {"event_id": str(uuid.uuid4()), "timestamp": f"2026-03-02T14:{minute:02}:00Z"})
    document["payload"] |= about | payload
    return json.dumps(document).encode()


def told_everything() -> dict[str, Any]:
    """Return an alert whose evidence and sentences hold every personal value."""
    document = alert(FRAUD_ALERTS, 1) | {"user_id": USER}
    document["findings"][0]["reason"] = " and ".join(PLANTED.values())
    document["findings"][0]["evidence"] = {
        "device_id": PLANTED["device"],
        "ip_address": PLANTED["ip"],
        "full_name": PLANTED["name"],
        "document_number": PLANTED["document"],
        "address": PLANTED["address"],
        "recipient_id": PLANTED["recipient"],
    }
    return document


def story() -> list[tuple[str, bytes | None, bytes | None]]:
    """Return guesses at a password, a login, large cash, and records that are rejected."""
    key = USER.encode()
    records: list[tuple[str, bytes | None, bytes | None]] = []
    for minute in range(12):
        records.append((USERS, key, planted("login-failed", minute)))
    records.append((USERS, key, planted("login-success", 13)))
    for minute in range(14, 20):
        at = f"2026-03-02T14:{minute:02}:00Z"
        transaction = {"transaction_id": str(uuid.uuid4()), "amount": "9500.00", "currency": "USD"}
        about = transaction | {"recipient_id": PLANTED["recipient"], "payment_method": "cash"}
        records.append((TRANSACTIONS, key, planted("transaction-initiated", minute, **about, initiated_at=at)))
        records.append((TRANSACTIONS, key, planted("transaction-completed", minute, **about, completed_at=at)))
    records.append((TRANSACTIONS, key, planted("transaction-initiated", 20, amount=PLANTED["email"])))
    records.append((REMITTANCES, key, f"not JSON, of {PLANTED['name']}, {PLANTED['email']}".encode()))
    records.append((FRAUD_ALERTS, key, json.dumps(told_everything()).encode()))
    records.append((FRAUD_ALERTS, key, f"no alert, of {PLANTED['name']}, {PLANTED['document']}".encode()))
    return records


@pytest.fixture(scope="module")
def places(platform: Platform, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run the platform on the story; return what Kafka, the logs and PostgreSQL hold then, as text."""
    with servers.fresh_database(postgres) as url:
        settings = servers.settings_for(url)
        schema.init_db(settings)
        return asyncio.run(run(platform, settings, tmp_path_factory.mktemp("archive")))


async def run(platform: Platform, settings: Settings, folder: Path) -> dict[str, str]:
    with archives(platform.kafka, settings, folder) as (archive,), platform.worker("planted"):
        await platform.send(story())
        await platform.caught_up()
        sent = [record for topic in (*ALERT_TOPICS, REJECTED) for record in await platform.records(topic)]
        wanted = {(record.topic, record.partition): record.offset + 1 for record in sent}

        def archived() -> bool:
            reached = positions(settings)
            return all(reached.get(place, 0) >= end for place, end in wanted.items())

        await asyncio.to_thread(until, archived, "all is archived")
        assert archive.stop() == 0
    return {
        "kafka": "\n".join((record.value or b"").decode() for record in sent),
        "logs": platform.log("planted") + archive.log.read_text(),
        "database": dump(settings),
    }


def positions(settings: Settings) -> dict[tuple[str, int], int]:
    """Return how far each partition is archived."""
    with psycopg.connect(**connection_parameters(settings.database_url, "tests")) as connection:
        found = connection.execute("SELECT topic, partition, next_offset FROM archive_positions").fetchall()
    return {(topic, partition): offset for topic, partition, offset in found}


def dump(settings: Settings) -> str:
    """Return every column of every row of every table as text, bytes character by character."""
    text = []
    with psycopg.connect(**connection_parameters(settings.database_url, "tests")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for row in connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))):
                for value in row:
                    text.append(value.decode("latin-1") if isinstance(value, bytes) else str(value))
    assert len(tables) > 5
    return "\n".join(text)


def test_the_worker_scored_and_the_archive_kept(places: dict[str, str]) -> None:
    assert '"event":"transaction_scored_via_consumer"' in places["logs"]
    assert '"event":"schema_validation_error"' in places["logs"]
    assert "lakay.compliance.alerts" in places["database"]
    assert "user_" in places["database"], "there are tokens"


@pytest.mark.parametrize("kind", PLANTED)
def test_the_search_finds_each_value_where_it_may_be(places: dict[str, str], kind: str) -> None:
    assert PLANTED[kind] in places["kafka"]


@pytest.mark.parametrize("kind", [kind for kind in PLANTED if kind != "recipient"])
def test_no_personal_value_but_the_ids_of_users_is_in_a_log(places: dict[str, str], kind: str) -> None:
    assert PLANTED[kind] not in places["logs"]


@pytest.mark.parametrize("kind", [*PLANTED, "user"])
def test_no_personal_value_is_in_postgresql(places: dict[str, str], kind: str) -> None:
    value = (PLANTED | {"user": USER})[kind]
    assert value not in places["database"]
    assert value.encode().hex() not in places["database"]
