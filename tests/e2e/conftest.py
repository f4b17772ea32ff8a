"""A Kafka for each module: the platform's topics have fixed names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka
from tests.e2e.platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A fresh Kafka with the platform's topics."""
    folder: Path = tmp_path_factory.mktemp("platform")
    with EmbeddedKafka() as broker:
        platform = Platform(broker.bootstrap_servers, folder)
        platform.create_topics()
        yield platform
