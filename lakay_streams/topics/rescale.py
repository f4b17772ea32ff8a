"""Growing: gives a stopped application's topics more partitions, and moves every state where its key then belongs.

The steps, in this order:

    1. the changelogs get the new partitions; a worker that opens a partition from here on sees that and stops itself
    2. the producer of every partition starts, which fences whoever still writes and ends what that one left undecided
    3. every state moves to its new partition (`engine.state.redistribution`: copied, checked, cleared)
    4. all other topics get the new partitions
    5. one transaction: the journal says so in every partition, and the new partitions of the source topics are to be
       read from their beginning, whatever the reset policy is

Before step 1 everything is as it was; after step 5 workers may start with the new count. In between they are refused
(`provision`), since counts differ or the journal still tells the old one, and the same command goes on: no step is
harmed by being repeated. Events that the old partitions still hold stay there, and intake sends each to its partition.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Container, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.contracts.topics import JOURNAL, SOURCES
from lakay_streams.engine.kafka import group
from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state.redistribution import Moved, Tell, move_states
from lakay_streams.engine.task.journal import JournalEntry, last_entries
from lakay_streams.errors import Fenced, PrerequisiteError, StoreError, TopicError
from lakay_streams.settings import Settings
from lakay_streams.topics.layout import PartitionLayout
from lakay_streams.topics.provision import connected, kafka_client, layout_of, partition_counts

#: Seconds until a step of Kafka's has to be over.
TIMEOUT = 30.0

_AGAIN = "run this again, which goes on where it stopped"


class Rescaled(NamedTuple):
    """How many topics, changelogs included, have the new count now, and what was moved."""

    topics: int
    moved: list[Moved]


def _silent(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


async def grow(settings: Settings, old: int, new: int, *, with_lag: bool = False, tell: Tell = _silent) -> Rescaled:
    """Bring all topics from `old` partitions to `new`, with every state; go on with a growth that was interrupted.

    Raises `TopicError` when the topics are not split into `old`, workers run, or, unless `with_lag`, events wait
    unprocessed; `EngineError` when a state would be lost; `PrerequisiteError` when Kafka or the disk does not go along.
    """
    if new <= old:
        raise TopicError(
            f"{new} partitions are not more than {old}, and Kafka takes none away: "
            f"keep TOPIC_PARTITIONS={old}, which any smaller number of workers can share."
        )
    async with connected(settings) as admin:
        with _one_sentence(settings):
            return await _Growth(settings, admin, old, new, tell).run(with_lag=with_lag)


@contextmanager
def _one_sentence(settings: Settings) -> Iterator[None]:
    try:
        yield
    except Fenced:
        raise TopicError(f"A worker started while the topics were growing: stop every worker, and {_AGAIN}.") from None
    except (KafkaError, TimeoutError) as exc:
        reason = str(exc) or type(exc).__name__
        raise PrerequisiteError(f"Kafka did not go along with growing ({reason}): correct that, and {_AGAIN}.") from exc
    except (StoreError, OSError) as exc:
        folder = settings.lakay_data_dir.absolute()
        raise PrerequisiteError(f"{exc}: see that there is room for the states in {folder}, and {_AGAIN}.") from exc


class _Growth:
    def __init__(self, settings: Settings, admin: AIOKafkaAdminClient, old: int, new: int, tell: Tell) -> None:
        self._settings = settings
        self._group = settings.kafka_consumer_group
        self._client = kafka_client(settings)
        self._admin = admin
        self._old = old
        self._new = new
        self._tell = tell

    async def run(self, *, with_lag: bool) -> Rescaled:
        split = await self._look()
        self._refuse_other_counts(split)
        await self._refuse_workers()
        if not with_lag and set(split.counts.values()) == {self._old}:
            await self._refuse_lag(split)
        await self._add_partitions(split.counts, validate_only=True)
        await self._add_partitions(split.changelogs)
        async with self._producers() as producers:
            moved = [await self._move(changelog, producers) for changelog in split.changelogs]
            await self._add_partitions(split.counts)
            if split.state_partitions != self._new:
                await self._put_in_force(split.counts, producers[0])
        return Rescaled(len(split.counts), moved)

    async def _look(self) -> PartitionLayout:
        return await layout_of(await partition_counts(self._admin), self._settings)

    # -- refusals

    def _refuse_other_counts(self, split: PartitionLayout) -> None:
        counts = sorted(set(split.counts.values()))
        found = sorted({*counts, split.state_partitions or counts[0]}) if counts else []
        match found:
            case []:
                raise TopicError(
                    f"There are no topics to grow: set TOPIC_PARTITIONS={self._new} and run `lakay topics create`."
                )
            case _ if {self._old, self._new}.issuperset(found):
                return
            case [have] if have > self._new:
                raise TopicError(f"The topics have {have} partitions already: set TOPIC_PARTITIONS={have}.")
            case [have]:
                raise TopicError(
                    f"The topics have {have} partitions, not {self._old}: run `lakay topics grow {have} {self._new}`."
                )
            case [old, new]:
                raise TopicError(
                    f"A growth from {old} to {new} partitions is not finished: run `lakay topics grow {old} {new}`."
                )
        raise TopicError(split.refusal(self._new))

    async def _refuse_workers(self) -> None:
        for name in (self._group, self._settings.archive_consumer_group):
            running = await group.members(self._admin, name)
            if running:
                seconds = self._settings.kafka_session_timeout_s
                raise TopicError(
                    f"The group {name} has {running} members: stop every worker and the archive (what was killed "
                    f"counts for {seconds:g} seconds more), and run this again."
                )

    async def _refuse_lag(self, split: PartitionLayout) -> None:
        partitions = [
            TopicPartition(topic, number) for topic in SOURCES for number in range(split.counts.get(topic, 0))
        ]
        waiting = await group.unprocessed(self._group, partitions, self._client)
        if waiting:
            topics = sorted({tp.topic for tp in waiting})
            raise TopicError(
                f"Up to {sum(waiting.values())} events wait to be processed, in {', '.join(topics)}: let senders end "
                "their transactions, workers catch up, and stop them first, or add --with-lag, after which a user's "
                "waiting events may be scored behind newer ones."
            )

    # -- steps

    async def _add_partitions(self, topics: Iterable[str], *, validate_only: bool = False) -> None:
        """Give each of `topics` the new count, unless it has it."""
        counts = await partition_counts(self._admin)
        short = {topic: NewPartitions(self._new) for topic in topics if counts[topic] < self._new}
        if not short:
            return
        await self._admin.create_partitions(short, validate_only=validate_only)
        async with asyncio.timeout(TIMEOUT):
            # Kafka answers before every broker knows.
            while not validate_only and any(counts[topic] < self._new for topic in short):
                counts = await partition_counts(self._admin)
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def _producers(self) -> AsyncIterator[Sequence[TransactionalProducer]]:
        """Own every partition: whoever owned one cannot write any more, and whoever takes one ends the growth."""
        producers = [
            TransactionalProducer.of_partition(self._group, number, timeout=TIMEOUT, client=self._client)
            for number in range(self._new)
        ]
        try:
            await asyncio.gather(*(producer.start() for producer in producers))
            yield producers
        finally:
            await asyncio.gather(*(producer.stop() for producer in producers))

    async def _move(self, changelog: str, producers: Sequence[TransactionalProducer]) -> Moved:
        folder = self._settings.lakay_data_dir / "growing"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            return await move_states(
                changelog,
                producers,
                folder,
                self._client,
                lambda what, *so_far: self._tell(f"{changelog}: {what}", *so_far),
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _put_in_force(self, counts: Container[str], producer: TransactionalProducer) -> None:
        """Journal the new count, and have the new partitions of the sources read from their beginning."""
        added = [
            TopicPartition(topic, number)
            for topic in SOURCES
            if topic in counts
            for number in range(self._old, self._new)
        ]
        begun = await group.committed_by(self._group, added, self._client)
        starts = {tp: OffsetAndMetadata(0, "") for tp in added if tp not in begun}
        journal: dict[tuple[str, int], list[Outgoing]] = {}
        if JOURNAL in counts:
            before = await last_entries(JOURNAL, range(self._new), self._group, self._client)
            for number in range(self._new):
                positions = before[number].positions if number in before else {}
                entry = JournalEntry(number, self._new, [], {}, group=self._group, positions=positions)
                journal[JOURNAL, number] = [(str(number).encode(), entry.encode())]
        await producer.commit(journal, starts)
        async with asyncio.timeout(TIMEOUT):
            # A commit returns before its markers are in every partition, and until then it is not read.
            while journal and (await self._look()).state_partitions != self._new:  # noqa: ASYNC110 - Kafka has no event for it
                await asyncio.sleep(0.1)
