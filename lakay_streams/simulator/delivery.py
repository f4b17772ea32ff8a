"""How records travel: on request some come out of order, twice, hours late, or under a wrong key, and some are broken.

A broken record is an extra one. Everything else is a true event whose bytes stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from lakay_streams.simulator.options import SimulatorOptions
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import HOUR_MS
from lakay_streams.simulator.trebanx import Simulated

POISON = "poison"
"""The `event_type` of a record that cannot be decoded."""

OUT_OF_ORDER_RECORDS = 50
"""A record out of order comes at most so many records after its place."""

LATE_MS = (HOUR_MS, 36 * HOUR_MS)


def deliver(ordered: Iterator[Simulated], options: SimulatorOptions) -> Iterator[Simulated]:
    """Yield the records as a network would."""
    shares = (options.out_of_order, options.duplicates, options.late, options.wrong_keys, options.poison)
    return _disturbed(ordered, options) if any(shares) else ordered


def _disturbed(ordered: Iterator[Simulated], options: SimulatorOptions) -> Iterator[Simulated]:
    rng = Random(f"{options.seed}/delivery")
    by_count: list[tuple[int, int, Simulated]] = []
    by_time: list[tuple[int, int, Simulated]] = []
    number = 0
    for number, record in enumerate(ordered):
        while by_count and by_count[0][0] <= number:
            yield heappop(by_count)[2]
        while by_time and by_time[0][0] <= record.occurred_at:
            yield heappop(by_time)[2]
        if rng.random() < options.poison:
            yield _broken(record, rng)
        if rng.random() < options.wrong_keys:
            key = None if rng.random() < 0.5 else new_uuid(rng).encode()
            record = record._replace(key=key)
        if rng.random() < options.duplicates:
            heappush(by_count, (number + 1 + int(rng.random() * OUT_OF_ORDER_RECORDS), number, record))
        if rng.random() < options.late:
            heappush(by_time, (record.occurred_at + rng.randint(*LATE_MS), number, record))
        elif rng.random() < options.out_of_order:
            # Two at least: the record after this one must come first.
            heappush(by_count, (number + 2 + int(rng.random() * (OUT_OF_ORDER_RECORDS - 2)), number, record))
        else:
            yield record
    for held in (by_count, by_time):
        while held:
            yield heappop(held)[2]


def _broken(record: Simulated, rng: Random) -> Simulated:
    value = record.value
    broken = rng.choice(
        (
            b"",
            b"not JSON",
            b"[]",
            b"\xff\xfe" + value,
            value[: len(value) // 2],
            b'{"event_id": 7}',
            value.replace(b'"payload":{', b'"payload":[{', 1),
            b"[" * 2_000,
        )
    )
    return Simulated(record.topic, record.key, broken, record.occurred_at, None, None, POISON, "")
