"""The journal's last entry is found behind whatever crashes have left after it."""

from __future__ import annotations

from lakay_streams.engine.task.journal import JournalEntry, Segment, last_entries
from tests.engine.harness import create_topics, unique
from tests.engine.state.test_changelog import client, producer


def entry(partition: int, last_offset: int, group: str = "group") -> JournalEntry:
    return JournalEntry(partition, 3, [Segment("in", 0, last_offset, last_offset + 1)], {}, group=group)


async def test_the_last_committed_entry_of_each_partition(kafka: str) -> None:
    journal = unique("journal")
    await create_topics(kafka, journal)
    writer = producer(kafka, journal)
    await writer.start()
    for offset in range(3):
        await writer.commit({(journal, number): [(b"", entry(number, offset).encode())] for number in (0, 2)}, {})
    for offset in range(40):
        await writer.commit({(journal, 2): [(b"", entry(2, offset, "another group").encode())]}, {})
    for attempt in range(4):
        # A transaction that a crash leaves open is aborted by the next owner's start.
        await (await writer._send((journal, 2), [(b"", entry(2, 100 + attempt).encode())]))[0][0]
        await writer.stop()
        await writer.start()
    await writer.stop()
    assert await last_entries(journal, range(3), "group", client(kafka)) == {0: entry(0, 2), 2: entry(2, 2)}
