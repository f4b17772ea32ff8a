"""What every `Committer` promises, whatever it commits to: one suite of laws.

A committer's own test module subclasses `CommitterLaws` and gives it a `place`: how to open one, and what a reader
sees there. What is peculiar to one of them stands beside that, in the module's own tests.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.committer import Committer, Outgoing
from lakay_streams.errors import Fenced

PARTITION = 1
OTHER_PARTITION = 2

Output = tuple[tuple[str, int], Outgoing]


class Place(ABC):
    """Somewhere that committers commit to, empty at first."""

    #: Topics that are read, of which offsets are committed.
    sources: tuple[str, str] = ("in", "also-in")

    @abstractmethod
    def committer(self, partition: int) -> Committer:
        """Return a new committer of the partition, not yet started."""

    @abstractmethod
    async def committed(
        self, committer: Committer, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Ask a started committer for what is committed, as the engine asks."""

    @abstractmethod
    def output(self, number: int, size: int = 0) -> Output:
        """Return the output called `number`, of at least `size` bytes, and where it goes."""

    @abstractmethod
    async def seen(self) -> list[int]:
        """Return the outputs that a reader sees, in the order of their commits; ascending where a place keeps none."""


class Owner:
    """A worker's hold on a partition: its committer, and where it stood when it was opened."""

    def __init__(self, place: Place, committer: Committer, found: Mapping[str, OffsetAndMetadata]) -> None:
        """Use `opened`."""
        self._place = place
        self._committer = committer
        self.found = found

    async def commit(
        self, offset: int, *numbers: int, source: int = 0, metadata: str = "", size: int = 0, partition: int = PARTITION
    ) -> Mapping[tuple[str, int], int]:
        """Commit the outputs of these numbers, and the offset of one of the sources."""
        records: dict[tuple[str, int], list[Outgoing]] = {}
        for number in numbers:
            target, outgoing = self._place.output(number, size)
            records.setdefault(target, []).append(outgoing)
        moved = {TopicPartition(self._place.sources[source], partition): OffsetAndMetadata(offset, metadata)}
        return await self._committer.commit(records, moved)

    async def stop(self) -> None:
        """Let go of the partition."""
        await self._committer.stop()


async def opened(place: Place, partition: int = PARTITION) -> Owner:
    """Open the partition as a worker does: start, then ask where it stands."""
    committer = place.committer(partition)
    await committer.start()
    sources = [TopicPartition(topic, partition) for topic in place.sources]
    found = await place.committed(committer, sources)
    return Owner(place, committer, {tp.topic: offset for tp, offset in found.items()})


async def stands(place: Place, partition: int = PARTITION) -> dict[str, int]:
    """Return where a next owner of the partition begins."""
    owner = await opened(place, partition)
    await owner.stop()
    return {topic: offset.offset for topic, offset in owner.found.items()}


class CommitterLaws:
    """The laws. A subclass has a fixture `place`."""

    @pytest.fixture
    def place(self) -> Place:
        """Return an empty place."""
        raise NotImplementedError

    async def test_nothing_is_committed_at_first(self, place: Place) -> None:
        assert await stands(place) == {}
        assert await place.seen() == []

    async def test_outputs_and_offsets_are_committed_together(self, place: Place) -> None:
        source, _ = place.sources
        owner = await opened(place)
        await owner.commit(0)
        await owner.commit(2, 1, 2)
        await owner.commit(3, 3)
        await owner.stop()
        assert await place.seen() == [1, 2, 3]
        assert await stands(place) == {source: 3}

    async def test_each_source_stands_where_it_was_committed_last(self, place: Place) -> None:
        source, other = place.sources
        owner = await opened(place)
        await owner.commit(5, 1)
        await owner.commit(7, 2, source=1)
        await owner.commit(8, source=1)
        await owner.stop()
        assert await stands(place) == {source: 5, other: 8}

    async def test_the_account_of_crashes_comes_back_with_the_offset(self, place: Place) -> None:
        owner = await opened(place)
        await owner.commit(4, metadata="crashed 4 2")
        await owner.stop()
        again = await opened(place)
        await again.commit(5, metadata="")
        await again.stop()
        last = await opened(place)
        await last.stop()
        assert [tuple(each.found[place.sources[0]]) for each in (again, last)] == [(4, "crashed 4 2"), (5, "")]

    async def test_partitions_stand_apart(self, place: Place) -> None:
        source, _ = place.sources
        one, other = await opened(place), await opened(place, OTHER_PARTITION)
        await one.commit(4, 1)
        await other.commit(9, 2, partition=OTHER_PARTITION)
        await one.commit(5, 3)
        await one.stop()
        await other.stop()
        assert sorted(await place.seen()) == [1, 2, 3]
        assert (await stands(place), await stands(place, OTHER_PARTITION)) == ({source: 5}, {source: 9})

    async def test_owners_that_follow_each_other_are_a_chain(self, place: Place) -> None:
        source, _ = place.sources
        for number in range(4):
            owner = await opened(place)
            assert {topic: at.offset for topic, at in owner.found.items()} == ({source: number} if number else {})
            await owner.commit(number + 1, number)
            await owner.stop()
        assert await place.seen() == [0, 1, 2, 3]

    async def test_of_two_owners_one_commits_and_the_other_changes_nothing(self, place: Place) -> None:
        source, _ = place.sources
        first = await opened(place)
        await first.commit(1, 1)
        successor = await opened(place)
        await successor.commit(2, 2)
        with pytest.raises(Fenced):
            await first.commit(2, 3)
        await first.stop()
        await successor.commit(3, 4)
        await successor.stop()
        assert await place.seen() == [1, 2, 4]
        assert await stands(place) == {source: 3}

    async def test_of_two_owners_that_begin_at_once_one_commits(self, place: Place) -> None:
        first, successor = await opened(place), await opened(place)
        outcomes = await asyncio.gather(first.commit(1, 1), successor.commit(1, 2), return_exceptions=True)
        for owner in (first, successor):
            await owner.stop()
        assert sorted(type(outcome) is Fenced for outcome in outcomes) == [False, True], outcomes
        assert await place.seen() == [1 if isinstance(outcomes[1], Fenced) else 2]
        assert await stands(place) == {place.sources[0]: 1}

    async def test_a_commit_that_is_cut_off_is_there_whole_or_not_at_all(self, place: Place) -> None:
        """It is cut off after one turn of the event loop, after two, four, and so on until one is done before."""
        source, _ = place.sources
        done, turns, at, expected = False, 1, 0, list[int]()
        while not done:
            owner = await opened(place)
            commit = asyncio.create_task(owner.commit(at + 2, at, at + 1))
            for _ in range(turns):
                await asyncio.sleep(0)
            done = commit.done()
            commit.cancel()
            await asyncio.gather(commit, return_exceptions=True)
            await owner.stop()
            if (await stands(place)).get(source, 0) > at:
                expected += [at, at + 1]
                at += 2
            assert await place.seen() == expected
            turns *= 2
        assert await stands(place) == {source: at} != {source: 0}

    async def test_a_commit_larger_than_any_message_is_whole_and_in_order(self, place: Place) -> None:
        owner = await opened(place)
        numbers = range(30)
        await owner.commit(30, *numbers, size=200_000)
        await owner.stop()
        assert await place.seen() == list(numbers)

    async def test_where_outputs_have_offsets_the_last_of_each_target_is_told(self, place: Place) -> None:
        owner = await opened(place)
        first, then = await owner.commit(3, 1, 2, 3), await owner.commit(5, 4, 5)
        await owner.stop()
        target, _ = place.output(1)
        assert first.keys() == then.keys() <= {target}
        assert all(then[target] >= first[target] + 2 for target in then)

    async def test_every_output_has_a_partition_to_go_to(self, place: Place) -> None:
        committer = place.committer(PARTITION)
        await committer.start()
        (topic, partition), _ = place.output(1)
        counts = await committer.partition_counts(place.sources)
        assert await committer.partitions_of(topic) > partition
        assert counts.keys() <= set(place.sources)
        assert all(count > OTHER_PARTITION for count in counts.values())
        await committer.stop()

    async def test_one_that_never_started_can_be_stopped_and_one_that_stopped_too(self, place: Place) -> None:
        committer = place.committer(PARTITION)
        await committer.stop()
        await committer.start()
        await committer.stop()
        await committer.stop()
