"""aiokafka's private parts: everything here, and nothing elsewhere, reaches into them.

For what aiokafka offers no other way to: what a record is made of, what waits to be taken, whether the group's
coordinator answers, what ended a task of its own. Written against aiokafka 0.14, which `pyproject.toml` pins.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.unpacking import TooLargeError, UnpackingError, Unreadable

TP = TypeVar("TP", bound=tuple[str, int])


class Coordinator(Protocol):
    """The broker that keeps a group, as a consumer talks to it."""

    group_id: str

    async def ensure_coordinator_known(self) -> None:
        """Look for it until it is found. Raises `KafkaError`."""

    def coordinator_dead(self) -> None:
        """Take it for gone: another broker keeps the group."""


def coordinator_of(consumer: AIOKafkaConsumer) -> Coordinator:
    """Return the coordinator of the consumer's group."""
    coordinator: Coordinator = consumer._coordinator
    return coordinator


async def ask(coordinator: Coordinator, request: Any) -> Any:
    """Send the coordinator a request, and return its answer. Raises `KafkaError`."""
    return await coordinator._send_req(request)  # type: ignore[attr-defined]  # aiokafka's own


async def heartbeat(consumer: AIOKafkaConsumer) -> bool:
    """Ask the group whether the consumer is still its member."""
    alive: bool = await consumer._coordinator._do_heartbeat()
    return alive


def is_connected(consumer: AIOKafkaConsumer) -> bool:
    """Return whether the group's coordinator answers; may be asked from any thread."""
    return getattr(consumer._coordinator, "coordinator_id", None) is not None


def read_committed(consumer: AIOKafkaConsumer, *, max_wait_ms: int) -> None:
    """Have a consumer that is not started yet read committed records only, from positions that somebody gives.

    A broker holds a fetch that finds no data for `max_wait_ms`. Faust's factory offers none of them.
    """
    consumer._isolation_level = "read_committed"
    consumer._fetch_max_wait_ms = max_wait_ms
    consumer._auto_offset_reset = "none"


def raise_errors(consumer: AIOKafkaConsumer) -> None:
    """Raise what ended a task of aiokafka's, or what one waits to be rid of before it goes on."""
    consumer._coordinator.check_errors()
    if consumer._fetcher._fetch_task.done():
        consumer._fetcher._fetch_task.result()
        raise ConsumerStoppedError


def fetches(consumer: AIOKafkaConsumer) -> int:
    """Return how many fetches the consumer counts as going on."""
    count: int = consumer._subscription._fetch_count
    return count


def forget_fetch(consumer: AIOKafkaConsumer, count: int) -> None:
    """Set the count of fetches that go on: aiokafka takes one that failed for one that never ends."""
    consumer._subscription._fetch_count = count


def show_life(consumer: AIOKafkaConsumer) -> None:
    """Have the consumer count as one that fetches; may be called from any thread."""
    consumer._subscription._last_fetch_ended = time.monotonic()


def buffered(consumer: AIOKafkaConsumer, tps: Iterable[TP]) -> set[TP]:
    """Return those of which records, or an error, are here and not taken yet; may be asked from any thread."""
    # One by one: another thread adds to it meanwhile.
    waiting = consumer._fetcher._records
    return {tp for tp in tps if tp in waiting}


def positions(consumer: AIOKafkaConsumer) -> dict[TopicPartition, tuple[int | None, int | None]]:
    """Return the log's end and the position in each assigned partition; may be asked from any thread."""
    assignment = consumer._subscription.subscription
    assigned = None if assignment is None else assignment.assignment
    if assigned is None:
        return {}
    states = {tp: assigned.state_value(tp) for tp in assigned.tps}
    return {
        tp: (state.highwater, state.position if state.has_valid_position else None)
        for tp, state in states.items()
        if state is not None
    }


def unread(consumer: AIOKafkaConsumer, tps: Iterable[TopicPartition]) -> int:
    """Return how many offsets lie between the positions and the logs' ends; may be asked from any thread."""
    assignment = consumer._subscription.subscription
    assigned = None if assignment is None else assignment.assignment
    states = () if assigned is None else [assigned.state_value(tp) for tp in tps]
    return sum(
        max(0, state.highwater - state.position)
        for state in states
        if state is not None and state.has_valid_position and state.highwater is not None
    )


async def abandon(producer: AIOKafkaProducer) -> None:
    """End a producer that cannot flush: aiokafka's `stop` would leave its sender and connections running."""
    producer._sender.sender_task.cancel()
    await producer.client.close()


class _Batches:
    """aiokafka's batches of one fetch; `current` is the one being read."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self._next: Any = None
        self.current: Any = None

    def has_next(self) -> bool:
        return self._next is not None or self._records.has_next()

    def next_batch(self) -> Any:
        self.current = None
        self.current, self._next = self._next or self._records.next_batch(), None
        return self.current

    def last_offset(self) -> int:
        """Return the current batch's last offset, as far as it can be true: its header may be damaged."""
        last: int = self.current.next_offset - 1
        if self._next is None and self._records.has_next():
            self._next = self._records.next_batch()
        return last if self._next is None else min(last, self._next.base_offset - 1)


def _readable(records: PartitionRecords) -> Iterator[Any]:
    """Yield the records of a fetch, and an `Unreadable` in the place of each batch that cannot be read."""
    batches = records._records = _Batches(records._records)
    while True:
        try:
            yield from records._unpack_records()
            return
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as exc:  # a panic of Rust's is no Exception
            first = last = records.next_fetch_offset
            if batches.current is not None:
                last = max(last, batches.last_offset())
            records.next_fetch_offset = last + 1
            yield Unreadable(
                records._tp.topic,
                records._tp.partition,
                last,
                0,
                None,
                exc.packed if isinstance(exc, UnpackingError) else None,
                reason=f"offsets {first} to {last}: {str(exc) or type(exc).__name__}",
                too_large=isinstance(exc, TooLargeError),
            )
            if batches.current is None:
                return


def _record(tp: TopicPartition, record: Any) -> Record:
    return Record(tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, record.headers)


class _Arrivals(OrderedDict[TopicPartition, Any]):
    """What a consumer has fetched, prepared as it comes; an error is left as it is."""

    def __setitem__(self, tp: TopicPartition, buffered: Any) -> None:
        if isinstance(buffered, FetchResult):
            records = buffered._partition_records
            records._consumer_record = _record
            records._records_iterator = _readable(records)
        super().__setitem__(tp, buffered)


def make_records(consumer: AIOKafkaConsumer) -> None:
    """Have a started consumer give `Record`s of what it fetches from now on, and `Unreadable`s."""
    consumer._fetcher._records = _Arrivals()
