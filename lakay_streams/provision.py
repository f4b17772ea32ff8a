"""Kafka's topics as Lakay needs them: made where missing, and refused where shaped wrongly.

A stream is split by its topics' partitions, and state with it: topics that carry one user's events must have one
count. So a topic that exists with another count is refused and never changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from lakay_streams.contracts import topics
from lakay_streams.errors import PrerequisiteError, TopicError
from lakay_streams.settings import Settings


class Provisioned(NamedTuple):
    """A topic that is there now; `created` tells whether it was missing before."""

    name: str
    partitions: int
    created: bool


def topics_in_force(settings: Settings) -> tuple[topics.Topic, ...]:
    """Every topic of `contracts.topics`, the outbound ones under the names that the settings give them."""
    renamed = {
        topics.FRAUD_ALERTS: settings.fraud.alert_kafka_topic,
        topics.TIER_CHANGES: settings.circle.tier_change_topic,
        topics.ATO_ALERTS: settings.behavior.ato_kafka_topic,
        topics.COMPLIANCE_ALERTS: settings.compliance.alerts_topic,
        topics.EDD_TRIGGERS: settings.compliance.edd_triggers_topic,
    }
    return tuple(topic._replace(name=renamed.get(topic.name, topic.name)) for topic in topics.TOPICS)


async def create_topics(settings: Settings) -> list[Provisioned]:
    """Create the topics that are missing, with `topic_partitions` and `topic_replication_factor`.

    Raises `PrerequisiteError` when no Kafka answers, `TopicError` when an existing topic has another partition count
    (nothing is created then) or Kafka refuses to create one.
    """
    wanted = topics_in_force(settings)
    async with _admin(settings.kafka_bootstrap_servers) as admin:
        existing = await _partition_counts(admin)
        _refuse_other_counts(wanted, existing, settings.topic_partitions)
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            await _create(admin, missing, settings)
    return [
        Provisioned(topic.name, topic.partition_count(settings.topic_partitions), topic.name not in existing)
        for topic in wanted
    ]


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
    except KafkaError:
        raise PrerequisiteError(
            f"No Kafka answers at {bootstrap_servers}: start it, or set KAFKA_BOOTSTRAP_SERVERS to one that runs."
        ) from None
    try:
        yield admin
    finally:
        await admin.close()


async def _partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


def _refuse_other_counts(wanted: Sequence[topics.Topic], existing: dict[str, int], partitions: int) -> None:
    for topic in wanted:
        want, have = topic.partition_count(partitions), existing.get(topic.name)
        if have is None or have == want:
            continue
        if topic.partitions is topics.Partitions.ONE:
            remedy = "delete it and run this again"
        else:
            remedy = f"set TOPIC_PARTITIONS={have} if all topics have {have}, or recreate it with {want}"
        raise TopicError(f"Topic {topic.name} has {have} partitions where {want} are needed: {remedy}.")


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[topics.Topic], settings: Settings) -> None:
    answer: Any = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                num_partitions=topic.partition_count(settings.topic_partitions),
                replication_factor=settings.topic_replication_factor,
                topic_configs={"cleanup.policy": topic.cleanup_policy},
            )
            for topic in missing
        ]
    )
    for name, code, *message in answer.topic_errors:
        # Another worker may have started in the same moment.
        if code and for_code(code) is not TopicAlreadyExistsError:
            why = next(iter(message), None) or for_code(code).__name__
            raise TopicError(f"Kafka did not create topic {name} ({why}): correct that and run this again.")
