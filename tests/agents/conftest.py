"""The whole topology in memory: what its agents make of records, without Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.topology import build
from lakay_streams.engine.testing import TopologyDriver
from lakay_streams.settings import load_settings

NOW = 1_798_761_600_000
"""1 January 2027, UTC: later than the events that tests send."""


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[TopologyDriver]:
    """A worker's topology with its default settings, on three partitions."""
    settings = load_settings(env_file=None).model_copy(update={"lakay_data_dir": tmp_path, "topic_partitions": 3})
    with TopologyDriver(build(settings), at=NOW) as driver:
        yield driver
