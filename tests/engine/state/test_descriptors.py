"""Connections from outside never take the files that RocksDB and Kafka need."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lakay_streams.engine.state.descriptors import LEAST, OTHERS, PER_DATABASE, connections, reserve
from lakay_streams.engine.state.rocksdb import MAX_OPEN_FILES
from tests.engine.counting import build

RAISING = """
import resource, sys
from lakay_streams.engine.state.descriptors import raise_limit
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "then"), [(256, 1024, 1024), (1024, 1024, 1024), (256, 512, 512)])
def test_a_worker_raises_its_limit_as_far_as_the_system_lets_it(soft: int, hard: int, then: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", RAISING, str(soft), str(hard)], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(then), str(then), str(hard)]


def test_pages_get_what_the_databases_of_every_partition_and_the_clients_of_kafka_leave(tmp_path: Path) -> None:
    app = build("descriptors", "a:1,b:1,c:1,d:1", tmp_path)
    reserved = app.reserved_files
    assert reserved == reserve(tables=1, partitions=3, brokers=4)
    assert reserved >= 3 * PER_DATABASE + 3 * 5 + OTHERS
    assert PER_DATABASE > MAX_OPEN_FILES
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, hard))
    try:
        assert [connections(64, taken) for taken in (0, 950, 1_000, 2_000)] == [64, 50, LEAST, LEAST]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
