"""What a producer may send, a worker can read; and what a broker answers, it takes for what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import GroupLoadInProgressError, NotCoordinatorForGroupError, UnknownTopicOrPartitionError
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from lakay_streams.engine.transport import fetch_committed
from tests.engine.harness import caught_up, create_topics, produce, read, unique, workers


async def test_every_compression_codec_is_read(kafka: str, tmp_path: Path) -> None:
    name = unique("codecs")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    for codec in ("gzip", "lz4", "snappy", "zstd"):
        await produce(kafka, f"{name}.in", [(b"user", b"x" * 500)] * 12, compression_type=codec)
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    outputs = [record for batch in (await read(kafka, f"{name}.out")).values() for record in batch]
    assert len(outputs) == 4


class Coordinator:
    """aiokafka's coordinator as far as it is asked, with a broker behind it that gives one answer.

    A real broker gives these while it loads a group, which lasts some milliseconds after its start, or a second on a
    busy machine.
    """

    group_id = "group"

    def __init__(self, topics: list[Any], error: int) -> None:
        """Answer with `topics` and the `error` of the whole."""
        self.answer = OffsetFetchResponse_v3(0, topics, error)
        self.dead = False

    async def _send_req(self, request: Any) -> OffsetFetchResponse_v3:
        return OffsetFetchResponse_v3.decode(self.answer.encode())

    def coordinator_dead(self) -> None:
        self.dead = True


ASKED = [TP("in", 0), TP("in", 1)]


async def test_a_group_that_is_being_loaded_has_not_lost_its_offsets() -> None:
    with pytest.raises(GroupLoadInProgressError):
        await fetch_committed(Coordinator([], error=14), ASKED)


async def test_a_broker_that_no_longer_coordinates_the_group_is_looked_up_again() -> None:
    coordinator = Coordinator([], error=16)
    with pytest.raises(NotCoordinatorForGroupError):
        await fetch_committed(coordinator, ASKED)
    assert coordinator.dead


async def test_a_partition_without_an_answer_of_its_own_is_an_error() -> None:
    with pytest.raises(UnknownTopicOrPartitionError):
        await fetch_committed(Coordinator([("in", [(0, 7, "", 0), (1, -1, "", 3)])], error=0), ASKED)


async def test_only_what_is_committed_is_told() -> None:
    coordinator = Coordinator([("in", [(0, 7, "crashed 7 1", 0), (1, -1, "", 0)])], error=0)
    assert await fetch_committed(coordinator, ASKED) == {TP("in", 0): OffsetAndMetadata(7, "crashed 7 1")}
