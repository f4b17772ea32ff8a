"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap servers of one real Kafka for the whole run; `LAKAY_TEST_KAFKA` names one that runs.

    Every test takes topics and groups of its own names, since the broker and its topics are shared.
    """
    running = os.environ.get("LAKAY_TEST_KAFKA")
    if running:
        yield running
        return
    with EmbeddedKafka() as broker:
        yield broker.bootstrap_servers
