"""PostgreSQL may be away: it costs delay and nothing else, and is told once."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from lakay_streams.contracts.topics import FRAUD_ALERTS
from lakay_streams.db import schema
from lakay_streams.embedded.postgres import EmbeddedPostgres
from lakay_streams.process.child import EXIT_RESTART
from lakay_streams.settings import Settings
from tests.agents.running import ask, until
from tests.archive.compare import all_is_archived
from tests.archive.feed import Sent, alert, ordinary, send
from tests.archive.running import Archive, archives
from tests.db.servers import settings_for

CRASHING = (sys.executable, "-m", "tests.archive.crashing", "archive", "--no-supervise")


def events(archive: Archive, event: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.log.read_text().splitlines() if f'"event":"{event}"' in line]


def ready(archive: Archive) -> tuple[int, dict[str, Any]]:
    answer = ask(f"http://127.0.0.1:{archive.port}/ready")
    return answer.status, answer.json


async def test_an_hour_without_postgresql_costs_nothing_but_delay(platform_kafka: str, tmp_path: Path) -> None:
    with EmbeddedPostgres() as postgres:
        settings = settings_for(postgres.url)
        postgres.end()
        with archives(platform_kafka, settings, tmp_path) as (archive,):
            until(lambda: bool(events(archive, "database_unavailable")), "it tells that it waits for PostgreSQL")
            assert ask(f"http://127.0.0.1:{archive.port}/health").status == 200
            assert (ready(archive)[0], ready(archive)[1]["database"]) == (503, False)
            postgres.start()
            until(archive.is_ready, "it has made the schema and archives")
            await send(platform_kafka, ordinary(300, 5_000))
            await all_is_archived(platform_kafka, settings)
            postgres.end(kill=True)
            until(lambda: ready(archive)[0] == 503, "it tells of an outage although nothing comes")
            await send(platform_kafka, ordinary(300, 5_001))
            before = archive.cpu_seconds()
            await asyncio.sleep(5)
            assert archive.cpu_seconds() - before < 2.5, "it waits, and does not try again and again"
            postgres.start()
            until(archive.is_ready, "it goes on")
            await all_is_archived(platform_kafka, settings)
            assert archive.stop() == 0
        assert len(events(archive, "database_unavailable")) == 2
        assert len(events(archive, "database_available")) == 2
        assert len(events(archive, "partition_failed")) <= 3, "each partition tells its failure once"


async def test_a_database_of_another_version_is_one_sentence(platform_kafka: str, tmp_path: Path) -> None:
    with EmbeddedPostgres() as postgres:
        settings = settings_for(postgres.url)
        schema.init_db(settings)
        with schema.connected(settings) as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with archives(platform_kafka, settings, tmp_path) as (archive,):
            assert archive.wait() == 1
        assert archive.log.read_text().splitlines()[-1].startswith("The database is at revision 9999")


async def test_a_record_that_crashes_the_archive_is_quarantined_and_passed(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    crashing = alert(FRAUD_ALERTS, 1, seed=6_000) | {"boom": True}
    await send(platform_kafka, [Sent(FRAUD_ALERTS, "user-1", json.dumps(crashing).encode()), *ordinary(300, 6_001)])
    with archives(platform_kafka, stored, tmp_path, 1, CRASHING) as (archive,):
        for _ in range(3):
            assert archive.wait() == EXIT_RESTART
            archive.start()
        await all_is_archived(platform_kafka, stored, crashing=True)
    assert len(events(archive, "record_crashed_worker")) == 3
    (told,) = events(archive, "message_processing_error")
    assert told["reason"] == "crashed the worker 3 times"
