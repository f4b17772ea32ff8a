"""An agent is a function that is handed the batches of the partitions that this worker owns, and of no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.task.context import BatchContext
from tests.engine.counting import build


def test_a_topic_has_one_processor(tmp_path: Path) -> None:
    app = build("counting", "127.0.0.1:1", tmp_path)
    with pytest.raises(ValueError, match=r"counting\.in is processed already: a topic has one processor"):
        app.process("counting.in", "counting.other", name="again")
    assert app.processors.keys() == {"counting.in"}


async def test_a_batch_of_a_partition_that_is_not_owned_reaches_no_processor(tmp_path: Path) -> None:
    """A processor asks for the partition's states before it looks at the first record; here there are none to give."""
    app = build("counting", "127.0.0.1:1", tmp_path)
    worked: list[BatchContext] = []
    batch = RecordBatch("counting.in", 0, 1, [Record("counting.in", 0, 0, 0, b"user", b"1")])
    await app.task_manager.process(batch, worked.append)
    assert not worked
