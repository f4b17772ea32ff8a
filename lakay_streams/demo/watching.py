"""What the demo shows, read from Kafka as any outsider could: committed records and committed offsets only.

    lakay.* alert topics       alerts, by topic, rule and tier, and the latest of them
    lakay.internal.rejected    rejects
    lakay.internal.journal     checkpoints, and the inbound records each of them committed
    the consumer group         lag per inbound topic

What was in the topics before the demo is left out.
"""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from lakay_streams.contracts.topics import JOURNAL, REJECTED, Role
from lakay_streams.demo.snapshot import Backlog, Snapshot
from lakay_streams.demo.tally import INBOUND, Tally
from lakay_streams.engine.kafka import unpacking
from lakay_streams.engine.kafka.internals import make_records
from lakay_streams.engine.kafka.unpacking import Unreadable
from lakay_streams.settings import Settings
from lakay_streams.topics.provision import topics_in_force


class Watch:
    """Follows the work of `settings.kafka_consumer_group` from the moment it is entered.

    async with Watch(settings, started_at=time.monotonic()) as watch:
        await watch.update()
        watch.snapshot(kafka="embedded", pages="http://127.0.0.1:6066")
    """

    def __init__(self, settings: Settings, started_at: float) -> None:
        """Count seconds from `started_at`, a reading of `time.monotonic`."""
        self._alert_topics = [topic.name for topic in topics_in_force(settings) if topic.role is Role.OUTBOUND]
        self._group = settings.kafka_consumer_group
        self._started_at = started_at
        unpacking.bound(settings.kafka_unpacked_max_bytes)
        # Not a member of any group: who watches must not be able to hold up the work.
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers, isolation_level="read_committed", enable_auto_commit=False
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.brokers)
        self._tally = Tally(
            settings.fraud.alert_kafka_topic,
            settings.behavior.ato_kafka_topic,
            settings.circle.tier_change_topic,
            settings.compliance.alerts_topic,
            settings.compliance.edd_triggers_topic,
        )
        self._ends_before: dict[TopicPartition, int] = {}
        self._backlog: tuple[Backlog, ...] = ()

    async def __aenter__(self) -> Self:
        """Connect, and leave out all that was there before."""
        await self._admin.start()
        await self._consumer.start()
        make_records(self._consumer)
        followed = await self._partitions(*self._alert_topics, REJECTED, JOURNAL)
        self._consumer.assign(followed)
        await self._consumer.seek_to_end(*followed)
        self._ends_before = await self._consumer.end_offsets(await self._partitions(*INBOUND))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        # Without a Kafka, aiokafka lets the cancellation of its own tasks through.
        with suppress(KafkaError, CancelledError):
            await self._consumer.stop()
        await self._admin.close()

    async def update(self) -> None:
        """Read what was committed since the last time, and how far the group is."""
        while fetched := await self._consumer.getmany(timeout_ms=0, max_records=2_000):
            for partition, records in fetched.items():
                for record in (each for each in records if not isinstance(each, Unreadable)):
                    self._tally.count(partition.topic, record.value, self._seconds())
        self._tally.mark(self._seconds())
        await self._read_backlog()

    def snapshot(self, *, kafka: str, pages: str) -> Snapshot:
        """All counts as they stand; `kafka` and `pages` say what runs where."""
        tally = self._tally
        return Snapshot(
            seconds=self._seconds(),
            kafka=kafka,
            pages=pages,
            events=tally.events,
            events_per_s=tally.events_per_s,
            mean_events_per_s=tally.mean_events_per_s,
            backlog=self._backlog,
            rejects=tally.rejects,
            checkpoints=tally.checkpoints,
            alerts_by_topic=dict(tally.alerts_by_topic),
            alerts_by_rule=dict(tally.alerts_by_rule.most_common()),
            alerts_by_tier=dict(tally.alerts_by_tier.most_common()),
            latest=tally.latest,
            seconds_to_first_alert=tally.first_alert_s,
        )

    def _seconds(self) -> float:
        return time.monotonic() - self._started_at

    async def _read_backlog(self) -> None:
        ends = await self._consumer.end_offsets(list(self._ends_before))
        try:
            committed: dict[TopicPartition, Any] = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError:
            # The group has no coordinator yet: nothing is committed, and all waits.
            committed = {}
        written: Counter[str] = Counter()
        waiting: Counter[str] = Counter()
        for partition, end in ends.items():
            done = max(0, committed[partition].offset) if partition in committed else 0
            written[partition.topic] += end - self._ends_before[partition]
            waiting[partition.topic] += max(0, end - done)
        self._backlog = tuple(Backlog(topic, written[topic], waiting[topic]) for topic in INBOUND)

    async def _partitions(self, *topics: str) -> list[TopicPartition]:
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await self._admin.describe_topics(list(topics))
            for partition in topic["partitions"]
        ]
