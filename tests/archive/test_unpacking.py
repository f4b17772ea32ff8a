"""The archive sets aside what would unpack to more than the bound, and archives what follows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg

from lakay_streams.contracts.topics import FRAUD_ALERTS
from lakay_streams.db.url import connection_parameters
from lakay_streams.settings import Settings
from tests.agents.running import until
from tests.archive.running import archives
from tests.engine.harness import produce

BOUND = 1 << 20


async def test_a_batch_over_the_bound_is_quarantined_with_its_offsets(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    await produce(
        platform_kafka, FRAUD_ALERTS, [(b"k", b" " * BOUND)], compression_type="zstd", max_request_size=2 * BOUND
    )

    def reasons() -> list[str]:
        with psycopg.connect(**connection_parameters(stored.database_url, "tests")) as connection:
            rows = connection.execute("SELECT reasons FROM quarantine WHERE topic = %s", (FRAUD_ALERTS,)).fetchall()
        return [str(row[0]) for row in rows]

    def is_quarantined() -> bool:
        # Other tests' poison is on the topic, too.
        return any(f"unpacks to more than {BOUND} bytes (zstd" in each for each in reasons())

    with archives(platform_kafka, stored, tmp_path, KAFKA_UNPACKED_MAX_BYTES=str(BOUND)):
        await asyncio.to_thread(until, is_quarantined, "the batch is quarantined")
