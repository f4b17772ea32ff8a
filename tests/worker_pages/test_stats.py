"""The numbers of a worker agree with what was sent through it."""

from __future__ import annotations

import json
import uuid
from functools import partial

from prometheus_client.parser import text_string_to_metric_families

from lakay_streams.contracts.topics import REKEYED, SOURCES, TRANSACTIONS
from tables.catalogue import Tables
from tests.agents.running import RunningWorker, send, until
from tests.contracts.events import event
from tests.worker_pages.conftest import opened

Pair = tuple[RunningWorker, RunningWorker]


def accepted(pair: Pair) -> int:
    """Return how many transactions both workers have accepted."""
    return sum(
        row["events"]
        for each in pair
        for row in each.ask("/stats").json["outcomes"]
        if (row["topic"], row["outcome"]) == (TRANSACTIONS, "accepted")
    )


def transactions(count: int) -> list[tuple[str, bytes | None, bytes | None]]:
    """Return transactions of as many users, whose record keys are wrong."""
    records: list[tuple[str, bytes | None, bytes | None]] = []
    for number in range(count):
        document = event("transaction-initiated", {"event_id": str(uuid.uuid4())}, user_id=f"rekeyed-{number}")
        records.append((TRANSACTIONS, b"wrong", json.dumps(document).encode()))
    return records


async def test_events_are_counted_and_nothing_lags_in_the_end(pair: Pair) -> None:
    """The transactions come under a wrong key, so most go through a topic that is written in transactions."""
    before = accepted(pair)
    await send(pair[0].kafka, transactions(60))
    until(lambda: accepted(pair) == before + 60, "all are accepted")
    until(lambda: all(each.ask("/stats").json["lag_total"] == 0 for each in pair), "nothing lags")
    rows = [row for each in pair for row in each.ask("/stats").json["lag"]]
    assert {row["topic"] for row in rows} == set(SOURCES)
    assert sorted(row["partition"] for row in rows if row["topic"] == TRANSACTIONS) == [0, 1, 2]
    assert sum(row["end_offset"] for row in rows if row["topic"] == REKEYED[TRANSACTIONS]) > 0


async def test_checkpoints_and_tables_are_told_of_each_open_partition(pair: Pair) -> None:
    before = accepted(pair)
    await send(pair[0].kafka, transactions(60))
    until(lambda: accepted(pair) == before + 60, "all are accepted")
    for each in pair:
        until(partial(all_is_written, each), "all is written")
        told = each.ask("/stats").json
        assert [row["partition"] for row in told["checkpoints"]] == opened(each) == told["partitions_open"]
        assert all(row["checkpoints"] >= 1 and row["records"] >= 1 for row in told["checkpoints"])
        assert all(row["age_seconds"] >= 0 and row["duration_seconds"] > 0 for row in told["checkpoints"])
        assert {row["table"] for row in told["tables"]} == set(Tables._fields)
        assert sum(row["cached_states"] for row in told["tables"] if row["table"] == "users") >= 1
        assert told["memory_rss_bytes"] > 10 << 20
        assert 0 < told["memory_rocksdb_bytes"] < told["memory_rss_bytes"]


def all_is_written(running: RunningWorker) -> bool:
    """Whether no state waits for a checkpoint."""
    return not any(row["changed_states"] for row in running.ask("/stats").json["tables"])


def test_prometheus_reads_every_metric(pair: Pair) -> None:
    families = {family.name: family for family in text_string_to_metric_families(pair[0].ask("/metrics").text)}
    assert {
        "lakay_events",
        "lakay_lag",
        "lakay_checkpoint_seconds",
        "lakay_partitions_owned",
        "lakay_cached_states",
        "lakay_restored_records",
        "process_resident_memory_bytes",
    } <= families.keys()
    (owned,) = families["lakay_partitions_owned"].samples
    assert owned.value == len(opened(pair[0]))


def test_a_browser_gets_pages_and_a_program_json(pair: Pair) -> None:
    for path in ("/", "/health", "/ready", "/stats", "/tables", "/tables/users"):
        page = pair[0].ask(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
        assert page.headers["Content-Type"].startswith("text/html")
        assert "/tables" in page.text
        assert isinstance(pair[0].ask(path).json, dict)
    assert 'http-equiv="refresh"' in pair[0].ask("/stats", Accept="text/html").text


def test_fausts_own_pages_which_show_tables_to_everyone_are_not_served(pair: Pair) -> None:
    for path in ("/table/", "/table/users/", "/router/", "/graph"):
        assert pair[0].ask(path).status == 404
