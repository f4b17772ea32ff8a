"""The traffic: a simulated Trebanx that goes on through every fault, with records on demand that crash a worker."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import orjson

from lakay_streams.errors import PrerequisiteError
from lakay_streams.simulator import Simulated, SimulatorOptions, simulate
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.sinks import produce
from tests.e2e.platform import UNRULY


def options(seed: int) -> SimulatorOptions:
    """What is simulated: some of it broken, late, twice, out of order or under a wrong key."""
    return replace(
        UNRULY,
        seed=seed,
        users=800,
        scenario_share=0.05,
    )


class Traffic:
    """Simulated records on their way to Kafka at `rate` a second, from a thread of its own, until `stop`."""

    def __init__(self, kafka: str, rate: float, seed: int) -> None:
        """Start sending."""
        self._kafka = kafka
        self._rate = rate
        self._rng = Random(f"{seed}/bugs")
        self._simulated = simulate(options(seed))
        self._bugs: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def set_off(self, transaction_id: str) -> None:
        """Make the next initiated transaction carry this id, which the workers' bug knows."""
        self._bugs.put(transaction_id)

    def stop(self) -> None:
        """Send no more, and wait until Kafka has what was sent."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                asyncio.run(produce(self._records(), self._kafka, self._rate))
            except PrerequisiteError:
                # The broker is down. What did not arrive never happened: the oracle reads what Kafka has.
                time.sleep(0.5)

    def _records(self) -> Iterator[Simulated]:
        while not self._over.is_set():
            record = next(self._simulated)
            if not self._bugs.empty() and record.event_type == "transaction-initiated":
                event = orjson.loads(record.value)
                if record.key == event["payload"]["user_id"].encode():
                    event["payload"]["transaction_id"] = self._bugs.get()
                    # A new event: as a duplicate of one already counted it would set nothing off.
                    event["event_id"] = new_uuid(self._rng)
                    record = record._replace(value=orjson.dumps(event))
            yield record
