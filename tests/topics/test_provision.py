"""Topics are made where missing, checked where they exist, and never changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from lakay_streams.contracts.topics import JOURNAL, RATES, TOPICS, TRANSACTIONS
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.errors import PrerequisiteError, TopicError
from lakay_streams.settings import Settings, load_settings
from lakay_streams.topics.provision import create_topics, topics_in_force


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A Kafka of its own: the topics have fixed names, which the shared one may have in another shape."""
    with EmbeddedKafka() as kafka:
        yield kafka.bootstrap_servers


def settings(**changes: object) -> Settings:
    return load_settings(env_file=None).model_copy(update=changes)


async def topics_at(bootstrap_servers: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    finally:
        await admin.close()


def test_missing_topics_are_created_once_and_another_count_is_refused(broker: str) -> None:
    first = asyncio.run(create_topics(settings(kafka_bootstrap_servers=broker)))
    assert {topic.name for topic in first if topic.created} == {topic.name for topic in TOPICS}

    made = asyncio.run(topics_at(broker))
    assert (made[TRANSACTIONS], made[JOURNAL], made[RATES]) == (3, 3, 1)

    again = asyncio.run(create_topics(settings(kafka_bootstrap_servers=broker)))
    assert not any(topic.created for topic in again)

    more = settings(kafka_bootstrap_servers=broker, topic_partitions=6)
    with pytest.raises(
        TopicError, match=r"have 3 partitions and .* is 6: set TOPIC_PARTITIONS=3, or .* `lakay topics grow 3 6`"
    ):
        asyncio.run(create_topics(more))
    assert asyncio.run(topics_at(broker)) == made


def test_what_kafka_refuses_is_told_with_the_topics_name(broker: str) -> None:
    fraud = load_settings(env_file=None).fraud.model_copy(update={"alert_kafka_topic": "copied.twice"})
    with pytest.raises(TopicError, match=r"did not create topic copied\.twice \("):
        asyncio.run(create_topics(settings(kafka_bootstrap_servers=broker, fraud=fraud, topic_replication_factor=2)))


def test_without_a_kafka_the_error_says_what_to_do() -> None:
    with pytest.raises(PrerequisiteError, match="KAFKA_BOOTSTRAP_SERVERS"):
        asyncio.run(create_topics(settings(kafka_bootstrap_servers="127.0.0.1:1")))


def test_an_outbound_topic_has_the_name_that_its_setting_gives() -> None:
    fraud = load_settings(env_file=None).fraud.model_copy(update={"alert_kafka_topic": "alerts.elsewhere"})
    names = [topic.name for topic in topics_in_force(settings(fraud=fraud))]
    assert "alerts.elsewhere" in names
    assert "lakay.fraud.alerts" not in names
