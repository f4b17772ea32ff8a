"""Where simulated records go: a file of JSON lines with its labels beside it, or Kafka."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.errors import PrerequisiteError, TopicError
from lakay_streams.simulator.delivery import POISON
from lakay_streams.simulator.labels import write_labels
from lakay_streams.simulator.stream import Simulation
from lakay_streams.simulator.trebanx import Simulated

_CHUNK = 500
_BATCH_BYTES = 256 * 1024
_TICK_SECONDS = 0.02


class Line(NamedTuple):
    """One record as read from a file."""

    topic: str
    key: bytes | None
    value: bytes


def labels_path(path: Path) -> Path:
    """Return where the labels of a file of records lie: `events.jsonl` has `events.labels.jsonl`."""
    return path.with_suffix(".labels.jsonl")


def write_jsonl(simulation: Simulation, path: Path) -> int:
    """Write the records, and their labels beside them; return how many records.

    A line is an object with `topic`, `key` (null for none) and `value`, the event itself; a record that is not JSON has
    `value_base64` instead.
    """
    written = 0
    with path.open("wb") as file:
        for record in simulation:
            line: dict[str, Any] = {"topic": record.topic, "key": record.key and record.key.decode()}
            if record.event_type == POISON:
                line["value_base64"] = base64.b64encode(record.value).decode()
            else:
                line["value"] = orjson.Fragment(record.value)
            file.write(orjson.dumps(line) + b"\n")
            written += 1
    write_labels(simulation.labels, labels_path(path))
    return written


def read_jsonl(path: Path) -> Iterator[Line]:
    """Read what `write_jsonl` wrote. Values are equal as JSON, and here also as bytes."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = orjson.loads(raw)
                value = line.get("value_base64")
                content = orjson.dumps(line["value"]) if value is None else base64.b64decode(value)
                yield Line(line["topic"], None if line["key"] is None else line["key"].encode(), content)
            except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError, ValueError) as error:
                raise PrerequisiteError(
                    f"{path}:{number} is no simulated record ({error}): write them with `lakay simulate`"
                ) from error


async def produce(
    events: Iterable[Simulated],
    bootstrap_servers: str,
    rate: float | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Send the records to Kafka, `rate` a second or as fast as it takes them; return how many.

    Records of one key keep their order: each key has its partition (Kafka's default partitioner), batches of a
    partition are sent one after another, and the producer is idempotent. `on_progress` is told the number sent so far.
    Raises PrerequisiteError when no Kafka answers or it stops taking records, TopicError when a topic is missing.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers.split(","),
        compression_type="lz4",
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        linger_ms=5,
    )
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise PrerequisiteError(
            f"no Kafka answers at {bootstrap_servers} ({error}): start it, or set KAFKA_BOOTSTRAP_SERVERS"
        ) from error
    try:
        return await _send_all(_Sender(producer), events, rate, on_progress)
    except KafkaError as error:
        raise PrerequisiteError(f"Kafka at {bootstrap_servers} takes no more records: {error}") from error
    finally:
        await producer.stop()


async def _send_all(
    sender: _Sender, events: Iterable[Simulated], rate: float | None, on_progress: Callable[[int], None] | None
) -> int:
    loop, records, sent = asyncio.get_running_loop(), iter(events), 0
    begun = loop.time()
    while True:
        due = _CHUNK if rate is None else int((loop.time() - begun) * rate) - sent
        if rate is not None and due < max(1.0, rate * _TICK_SECONDS):
            await asyncio.sleep(_TICK_SECONDS)
            continue
        chunk = list(islice(records, min(due, _CHUNK)))
        for record in chunk:
            await sender.send(record)
        sent += len(chunk)
        if rate is not None or not chunk:
            await sender.flush()
        if on_progress is not None and chunk:
            on_progress(sent)
        if not chunk:
            await sender.finish()
            return sent
        await asyncio.sleep(0)


class _Sender:
    """Fills one batch per partition and hands it over when it is full."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._batches: dict[tuple[str, int], Any] = {}
        self._partitions: dict[str, int] = {}
        self._delivered: dict[tuple[str, int], Any] = {}
        self._keyless = 0

    async def send(self, record: Simulated) -> None:
        """Put a record into the batch of its partition."""
        topic, key = record.topic, record.key
        count = self._partitions.get(topic)
        if count is None:
            count = await self._count(topic)
        if key is None:
            self._keyless += 1
            partition = self._keyless % count
        else:
            partition = partition_of(key, count)
        target = (topic, partition)
        while True:
            batch = self._batches.get(target)
            if batch is None:
                batch = self._batches[target] = self._producer.create_batch()
            if batch.append(key=key, value=record.value, timestamp=None) is not None:
                return
            await self._hand_over(target)

    async def flush(self) -> None:
        """Hand over every batch that holds something."""
        for target in list(self._batches):
            await self._hand_over(target)

    async def finish(self) -> None:
        """Wait until Kafka has confirmed everything."""
        for delivered in self._delivered.values():
            await delivered

    async def _hand_over(self, target: tuple[str, int]) -> None:
        batch = self._batches.pop(target)
        batch.close()
        before = self._delivered.get(target)
        if before is not None:
            # One batch of a partition is under way while the next one fills: order, and a bound on memory.
            await before
        self._delivered[target] = await self._producer.send_batch(batch, target[0], partition=target[1])

    async def _count(self, topic: str) -> int:
        # Not `partitions_for`: it asks for 40 seconds whether the topic is there by now.
        metadata = await self._producer.client.fetch_all_metadata()
        partitions = metadata.partitions_for_topic(topic)
        if not partitions:
            raise TopicError(f"topic {topic} does not exist: run `lakay topics create`")
        self._partitions[topic] = len(partitions)
        return len(partitions)
