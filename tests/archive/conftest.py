"""A Kafka for the archive's tests: the platform's topics have fixed names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.settings import load_settings
from lakay_streams.topics.provision import create_topics


@pytest.fixture(scope="session")
def platform_kafka() -> Iterator[str]:
    """A Kafka with the platform's topics. What a test leaves on them, the next one's archive has to archive too."""
    with EmbeddedKafka() as broker:
        settings = load_settings(env_file=None).model_copy(update={"kafka_bootstrap_servers": broker.bootstrap_servers})
        asyncio.run(create_topics(settings))
        yield broker.bootstrap_servers
