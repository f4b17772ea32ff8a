"""Memory: what a worker holds after ten thousand, a hundred thousand and a million users with a transaction each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.measurements.stage import Stage
from lakay_streams.contracts.topics import TRANSACTIONS
from lakay_streams.simulator.trebanx import Simulated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTITIONS = 3
USERS = (10_000, 100_000, 1_000_000)
_FIRST = 1_767_614_400_000
"""2026-01-05 12:00 UTC, in ms."""


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Measure one worker as its users become more."""
    rows, known = [], 0
    with stage.worker("memory") as worker:
        for users in USERS[: 2 if quick else None]:
            stage.send(transactions(known, users))
            known = users
            stage.until_committed(known)
            time.sleep(2)  # the pages' sample is a second old
            told = worker.get("/stats")
            rows.append(
                {
                    "users": users,
                    "rss_mib": round(worker.rss_bytes / 2**20),
                    "rocksdb_mib": round(told["memory_rocksdb_bytes"] / 2**20),
                    "decoded_states": sum(table["cached_states"] for table in told["tables"]),
                    "stored_mib": round(sum(table["estimated_bytes"] for table in told["tables"]) / 2**20),
                }
            )
            stage.tell(f"{users:,} users: {rows[-1]['rss_mib']} MiB")
    return rows


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw resident memory over users."""
    axes.plot([row["users"] for row in rows], [row["rss_mib"] for row in rows], marker="o", label="resident")
    axes.plot([row["users"] for row in rows], [row["rocksdb_mib"] for row in rows], marker="o", label="of it RocksDB")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("users")
    axes.set_ylabel("MiB")
    axes.set_title("Memory of a worker")
    axes.legend()


def transactions(first: int, end: int) -> Iterator[Simulated]:
    """Yield one ordinary transaction of each user numbered from `first` to before `end`."""
    for number in range(first, end):
        at = _FIRST + number * 10
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}Z"
        user = f"{number:08x}-0000-4000-8000-000000000000"
        value = (
            f'{{"event_id":"{number:08x}-1111-4111-8111-111111111111","event_type":"transaction-initiated",'
            f'"event_version":"1.0","timestamp":"{stamp}","source_service":"transactions","payload":{{'
            f'"transaction_id":"{number:08x}-2222-4222-8222-222222222222","user_id":"{user}","amount":"120.50",'
            f'"currency":"USD","type":"transfer","recipient_id":"{number ^ 1:08x}-0000-4000-8000-000000000000",'
            f'"device_id":"device-{number}","ip_address":"198.51.100.{number % 250}","initiated_at":"{stamp}",'
            f'"geo_location":{{"latitude":25.77,"longitude":-80.19,"country":"US","city":"Miami"}}}}}}'
        ).encode()
        yield Simulated(TRANSACTIONS, user.encode(), value, at, None, None, "transaction-initiated", "")
