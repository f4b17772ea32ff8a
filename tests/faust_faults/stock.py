"""The counting topology of `tests.engine.counting` on stock Faust, as its user guide teaches it.

    python -m tests.faust_faults.stock        with the environment of `tests.engine.counting`

STOCK_GUARANTEE is Faust's processing guarantee; STOCK_COMMIT_INTERVAL its commit interval in seconds; with STOCK_TAKE
the agent takes batches by `stream.take`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import faust

from tests.engine.counting import EMIT_EVERY, PARTITIONS, flaky


def build(name: str, brokers: str, datadir: Path) -> faust.App:
    """Return the app of `name`; its topics are `name`.in and `name`.out."""
    datadir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        name,
        broker=f"kafka://{brokers}",
        datadir=datadir,
        store="rocksdb://",
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=float(os.environ.get("STOCK_COMMIT_INTERVAL", "2.8")),
        consumer_auto_offset_reset="earliest",
        processing_guarantee=os.environ.get("STOCK_GUARANTEE", "at_least_once"),
        web_enabled=False,
        topic_disable_leader=True,
    )
    source = app.topic(f"{name}.in", key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    out = app.topic(f"{name}.out", key_serializer="raw", value_serializer="raw")
    counts = app.Table(
        "counts",
        default=int,
        key_type=str,
        partitions=PARTITIONS,
        options={"driver": "rocksdict", "block_cache_size": 16 << 20, "write_buffer_size": 8 << 20},
    )

    async def count(event: Any) -> None:
        key = event.key.decode()
        flaky(event.value)
        times = counts[key] + 1
        counts[key] = times
        if times % EMIT_EVERY == 0:
            await out.send(key=event.key, value=b"%d" % event.message.offset)

    @app.agent(source)
    async def each(stream: Any) -> None:
        async for event in stream.events():
            await count(event)

    @app.agent(source)
    async def taken(stream: Any) -> None:
        async for events in stream.take_events(100, within=1):
            for event in events:
                await count(event)

    app.agents.pop((each if os.environ.get("STOCK_TAKE") else taken).name)
    return app


if __name__ == "__main__":
    main_app = build(os.environ["COUNTING_NAME"], os.environ["COUNTING_KAFKA"], Path(os.environ["COUNTING_DATA"]))
    sys.argv = ["stock", "worker", "--loglevel", "warn", "--without-web"]
    main_app.main()
