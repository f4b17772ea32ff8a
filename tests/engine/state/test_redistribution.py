"""States move to the partitions of their keys: none lost, none changed, wherever the move is interrupted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state import redistribution
from lakay_streams.engine.state.redistribution import Moved, move_states
from lakay_streams.errors import EngineError
from tests.engine.harness import create_topics, read, unique
from tests.engine.state.test_changelog import client

OLD, NEW = 3, 5
KEYS = [b"user-%d" % number for number in range(200)]


class Interrupted(Exception):  # noqa: N818 - the move is ended from outside, it has not failed
    """Ends a move where it stands."""


async def prepare(kafka: str) -> tuple[str, dict[bytes, bytes]]:
    """Make a changelog that grew from `OLD` to `NEW` partitions, and return it with the states in it."""
    changelog = unique("group-counts-changelog")
    await create_topics(kafka, changelog, partitions=OLD)
    async with started(kafka, changelog, OLD) as producers:
        for value in (b"old", b"new"):
            for number, producer in enumerate(producers):
                own = [key for key in KEYS if partition_of(key, OLD) == number]
                await producer.commit({(changelog, number): [(key, key + value) for key in own]}, {})
                await producer.commit({(changelog, number): [(own[0], None), (own[1], b"")]}, {})
    states = final(await read(kafka, changelog, OLD))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_partitions({changelog: NewPartitions(NEW)})
    await admin.close()
    return changelog, {key: value for held in states.values() for key, value in held.items()}


@asynccontextmanager
async def started(kafka: str, changelog: str, partitions: int) -> AsyncIterator[list[TransactionalProducer]]:
    """Start the producer of every partition for a block."""
    producers = [
        TransactionalProducer.of_partition(changelog, number, timeout=10, client=client(kafka))
        for number in range(partitions)
    ]
    try:
        await asyncio.gather(*(producer.start() for producer in producers))
        yield producers
    finally:
        await asyncio.gather(*(producer.stop() for producer in producers))


def final(records: dict[int, list[Any]]) -> dict[int, dict[bytes, bytes]]:
    """Return what each partition holds at its end."""
    held: dict[int, dict[bytes, bytes]] = {}
    for number, batch in records.items():
        states = held[number] = {}
        for record in batch:
            states.pop(record.key, None)
            if record.value is not None:
                states[record.key] = record.value
    return held


def expected(states: dict[bytes, bytes]) -> dict[int, dict[bytes, bytes]]:
    return {
        number: {key: value for key, value in states.items() if partition_of(key, NEW) == number}
        for number in range(NEW)
    }


async def move(kafka: str, changelog: str, folder: Path, tell: Any = lambda *_: None) -> Moved:
    shutil.rmtree(folder, ignore_errors=True)
    async with started(kafka, changelog, NEW) as producers:
        return await move_states(changelog, producers, folder, client(kafka), tell)


async def test_every_state_lies_where_its_key_belongs(kafka: str, tmp_path: Path) -> None:
    changelog, states = await prepare(kafka)
    misplaced = sum(partition_of(key, OLD) != partition_of(key, NEW) for key in states)
    assert len(states) == len(KEYS) - OLD
    assert await move(kafka, changelog, tmp_path / "first") == Moved(changelog, len(states), misplaced)
    assert final(await read(kafka, changelog, NEW)) == expected(states)
    assert await move(kafka, changelog, tmp_path / "second") == Moved(changelog, len(states), 0)


async def test_a_move_that_is_interrupted_again_and_again_is_gone_on_with(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redistribution, "TRANSACTION_BYTES", 2_000)
    changelog, states = await prepare(kafka)
    told: list[str] = []
    interruptions = 0

    def interrupt(what: str, done: int, of: int) -> None:
        # Each run sends something once more than the one before; the other steps change nothing.
        if what in {"copying", "clearing"}:
            told.append(what)
            if len(told) > interruptions:
                raise Interrupted

    steps = set()
    while True:
        told.clear()
        try:
            await move(kafka, changelog, tmp_path, interrupt)
            break
        except Interrupted:
            steps.add(told[-1])
            interruptions += 1
        held = final(await read(kafka, changelog, NEW))
        assert {key: value for each in held.values() for key, value in each.items()} == states
    assert steps == {"copying", "clearing"}
    assert final(await read(kafka, changelog, NEW)) == expected(states)


async def test_two_states_of_one_key_are_no_choice_of_ours(kafka: str, tmp_path: Path) -> None:
    changelog, states = await prepare(kafka)
    key = next(key for key in states if partition_of(key, OLD) != partition_of(key, NEW))
    async with started(kafka, changelog, NEW) as producers:
        await producers[0].commit({(changelog, partition_of(key, NEW)): [(key, b"another state")]}, {})
    before = await read(kafka, changelog, NEW)
    with pytest.raises(EngineError, match=f"1 keys in {changelog} have two states each, such as {key.decode()}: "):
        await move(kafka, changelog, tmp_path)
    assert final(await read(kafka, changelog, NEW)) == final(before)


@pytest.mark.parametrize("damage", ["lost", "changed"])
async def test_nothing_is_cleared_that_did_not_arrive(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    real = TransactionalProducer.commit

    async def commit(self: TransactionalProducer, records: Any, offsets: Any) -> Any:
        target, batch = next(iter(records.items()))
        damaged = batch[1:] if damage == "lost" else [(batch[0][0], b"damaged"), *batch[1:]]
        return await real(self, {**records, target: damaged}, offsets)

    changelog, states = await prepare(kafka)
    with monkeypatch.context() as context:
        context.setattr(TransactionalProducer, "commit", commit)
        with pytest.raises(EngineError, match=f"After copying the states of {changelog} are not those of before"):
            await move(kafka, changelog, tmp_path)
    held = final(await read(kafka, changelog, OLD))
    assert all(held[partition_of(key, OLD)][key] == value for key, value in states.items())
