"""Two workers that share the partitions of one Kafka, with their pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka
from tests.agents.running import RunningWorker, until, worker


@pytest.fixture(scope="package")
def broker() -> Iterator[str]:
    """A Kafka of their own: the platform's topics have fixed names."""
    with EmbeddedKafka() as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="package")
def pair(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningWorker, RunningWorker]]:
    """Both workers, ready, each with some of the three partitions."""
    folder: Path = tmp_path_factory.mktemp("pair")
    with worker(broker, folder, name="first") as first:
        until(first.is_ready, "the first worker is ready")
        with worker(broker, folder, name="second") as second:
            pair = (first, second)
            until(lambda: all(each.is_ready() and opened(each) for each in pair), "both own partitions")
            until(lambda: sum(len(opened(each)) for each in pair) == 3, "all partitions are open")
            yield pair


def opened(running: RunningWorker) -> list[int]:
    """Return the partitions that a worker has open."""
    partitions: list[int] = running.ask("/ready").json["partitions"]["open"]
    return partitions
