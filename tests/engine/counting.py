"""A small topology for the engine's tests: counts records by key, emits every twelfth, remembers the last offsets.

    python -m tests.engine.counting        with COUNTING_NAME, COUNTING_KAFKA, COUNTING_DATA in the environment
                                           and COUNTING_STANDBY, by default 1; COUNTING_INTERVAL, by default 0.1 s;
                                           COUNTING_EAGER, the at-least-once topics; COUNTING_MAX_POLL, after how many
                                           seconds a consumer that fetches nothing hangs, by default 1000;
                                           COUNTING_UNPACKED, the bytes that a batch may unpack to

A record whose value is `boom` raises, as a bug in a rule would; the first whose value is `flaky` raises too, as
something that fails once would. At its end it prints how many offsets Faust keeps for a commit of its own.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.unpacking import UNPACKED_BYTES
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.options import Emitter, Options

EMIT_EVERY = 12
PARTITIONS = 3
OFFSETS_KEPT = 20


class Count(NamedTuple):
    """How often a key was seen, and at which offsets last."""

    times: int = 0
    offsets: tuple[int, ...] = ()

    def counted(self, offset: int) -> Count:
        """Return the count with one more."""
        return Count(self.times + 1, (*self.offsets, offset)[-OFFSETS_KEPT:])


def flaky(value: bytes | None) -> None:
    """Raise at the first record with the value `flaky`, and at no later one, of whatever process."""
    if value == b"flaky":
        raised = Path(os.environ["COUNTING_DATA"]).with_name("flaked")
        if not raised.exists():
            raised.touch()
            raise ValueError("something failed for once")


def dead_letter(work: Emitter, record: Record, reason: str) -> None:
    """Send a record that was set aside to the parked topic."""
    work.emit(f"{record.topic}.parked", record.key, reason.encode())


def build(name: str, brokers: str, datadir: Path, *, reset: str = "earliest", **options: Any) -> StreamApp:
    """Return the app of `name`; its topics are `name`.in, .out, .journal and .in.parked."""
    app = StreamApp(
        name,
        brokers=brokers,
        datadir=datadir,
        partitions=PARTITIONS,
        replication_factor=1,
        options=Options(journal_topic=f"{name}.journal", dead_letter=dead_letter, **options),
        consumer_auto_offset_reset=reset,
        session_timeout=6.0,
        standby_replicas=int(os.environ.get("COUNTING_STANDBY", "1")),
        broker_max_poll_interval=float(os.environ.get("COUNTING_MAX_POLL", "1000")),
    )
    counts = StateTable(app, name="counts", state_type=Count, new=Count)

    @app.process(f"{name}.in", name="count")
    def count(work: BatchContext) -> None:
        states = work.states(counts)
        for record in work:
            key = (record.key or b"").decode()
            if record.value == b"boom":
                # As long as a checkpoint takes to be due.
                time.sleep(0.3)
                raise ValueError("a bug in a rule")
            flaky(record.value)
            state = states.get(key).counted(record.offset)
            states.set(key, state)
            if state.times % EMIT_EVERY == 0:
                work.emit(f"{name}.out", record.key, b"%d" % record.offset)

    return app


if __name__ == "__main__":
    main_app = build(
        os.environ["COUNTING_NAME"],
        os.environ["COUNTING_KAFKA"],
        Path(os.environ["COUNTING_DATA"]),
        interval=float(os.environ.get("COUNTING_INTERVAL", "0.1")),
        unpacked_bytes=int(os.environ.get("COUNTING_UNPACKED", UNPACKED_BYTES)),
        at_least_once_topics=frozenset(os.environ.get("COUNTING_EAGER", "").split()),
    )
    atexit.register(lambda: print("offsets kept:", sum(map(len, cast(Any, main_app.consumer)._acked.values()))))
    sys.argv = ["counting", "worker", "--loglevel", "warn", "--without-web"]
    main_app.main()
