"""Kafka's topics as Lakay needs them: made where missing, and refused where shaped wrongly.

A stream is split by its topics' partitions, and state with it: topics that carry one user's events must have one
partition count, and so must the changelogs of the states that they feed. The journal tells over how many partitions the
states are spread, which counts alone do not: whoever gives topics more partitions by hand moves no state. So what does
not fit is refused and never changed; `rescale` changes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from lakay_streams.contracts import topics
from lakay_streams.engine.kafka import unpacking
from lakay_streams.engine.state.table import changelogs_of
from lakay_streams.engine.task.journal import last_entries
from lakay_streams.errors import PrerequisiteError, TopicError
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.topics.layout import PartitionLayout

log = get_logger()

#: Seconds between attempts to reach Kafka at start.
KAFKA_BACKOFF_S = (1.0, 2.0, 5.0, 10.0)


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

    Raises `PrerequisiteError` when no Kafka answers, `TopicError` when an existing topic or changelog has another
    partition count, or the states are spread over another (nothing is created then), or Kafka refuses to create one.
    """
    wanted = topics_in_force(settings)
    async with connected(settings) as admin:
        existing = await partition_counts(admin)
        refusal = (await layout_of(existing, settings)).refusal(settings.topic_partitions)
        if refusal is not None:
            raise TopicError(refusal)
        _refuse_several(wanted, existing)
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            await _create(admin, missing, settings)
    return [
        Provisioned(topic.name, topic.partition_count(settings.topic_partitions), topic.name not in existing)
        for topic in wanted
    ]


async def wait_for_kafka(settings: Settings) -> None:
    """Return once Kafka answers and every topic is there; log each failed attempt (runbook 9.1).

    Raises `TopicError` when a topic is shaped wrongly.
    """
    attempt = 0
    while True:
        try:
            await create_topics(settings)
            return
        except PrerequisiteError as exc:
            pause = KAFKA_BACKOFF_S[min(attempt, len(KAFKA_BACKOFF_S) - 1)]
            log.error("kafka_consumers_failed_to_start", reason=str(exc), retry_seconds=pause)
        await asyncio.sleep(pause)
        attempt += 1


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield a client for administration; what this process reads of Kafka is unpacked within the settings' bound.

    Raises `PrerequisiteError` when no Kafka answers.
    """
    unpacking.bound(settings.kafka_unpacked_max_bytes)
    admin = AIOKafkaAdminClient(**kafka_client(settings))
    try:
        await admin.start()
    except KafkaError:
        raise _no_kafka(settings) from None
    try:
        yield admin
    finally:
        await admin.close()


def kafka_client(settings: Settings) -> dict[str, Any]:
    """Return aiokafka's connection settings."""
    return {"bootstrap_servers": settings.brokers}


def _no_kafka(settings: Settings) -> PrerequisiteError:
    servers = settings.kafka_bootstrap_servers
    return PrerequisiteError(
        f"No Kafka answers at {servers}: start it, or set KAFKA_BOOTSTRAP_SERVERS to one that runs."
    )


async def partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Return how many partitions each topic of this Kafka has."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def layout_of(existing: Mapping[str, int], settings: Settings) -> PartitionLayout:
    """Return how the `existing` topics and the states are split. Raises `PrerequisiteError` when no Kafka answers."""
    changelogs = changelogs_of(settings.kafka_consumer_group, existing)
    shared = [topic.name for topic in topics_in_force(settings) if topic.partitions is topics.Partitions.AS_SOURCES]
    counts = {name: existing[name] for name in (*shared, *changelogs) if name in existing}
    if topics.JOURNAL not in counts:
        return PartitionLayout(counts, changelogs, None)
    try:
        entries = await last_entries(
            topics.JOURNAL, range(counts[topics.JOURNAL]), settings.kafka_consumer_group, kafka_client(settings)
        )
    except KafkaError:
        raise _no_kafka(settings) from None
    return PartitionLayout(counts, changelogs, min((entry.partitions for entry in entries.values()), default=None))


def _refuse_several(wanted: Sequence[topics.Topic], existing: Mapping[str, int]) -> None:
    for topic in wanted:
        have = existing.get(topic.name, 1)
        if topic.partitions is topics.Partitions.ONE and have != 1:
            raise TopicError(
                f"Topic {topic.name} has {have} partitions where 1 is needed: delete it and run this again."
            )


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[topics.Topic], settings: Settings) -> None:
    answer: Any = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                num_partitions=topic.partition_count(settings.topic_partitions),
                replication_factor=settings.topic_replication_factor,
                topic_configs=topic.config,
            )
            for topic in missing
        ]
    )
    for name, code, *message in answer.topic_errors:
        # Another worker may have started in the same moment.
        if code and for_code(code) is not TopicAlreadyExistsError:
            why = next(iter(message), None) or for_code(code).__name__
            raise TopicError(f"Kafka did not create topic {name} ({why}): correct that and run this again.")
