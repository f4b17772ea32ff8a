"""Records are handed out oldest first across topics, in order within each, and none twice."""

from __future__ import annotations

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.buffer import PartitionGroup

LOGINS, TRANSFERS = TP("logins", 0), TP("transfers", 0)


def stored(tp: TP, *timestamps: int, start: int = 0) -> list[Record]:
    return [
        Record(tp.topic, tp.partition, start + offset, timestamp, None, None)
        for offset, timestamp in enumerate(timestamps)
    ]


def taken(backlog: PartitionGroup, limit: int) -> list[list[tuple[str, int]]]:
    turns = []
    while backlog:
        turns.append([(record.topic, record.timestamp) for batch in backlog.take(limit) for record in batch.records])
    return turns


def test_a_topic_that_is_behind_in_time_goes_first() -> None:
    backlog = PartitionGroup()
    backlog.add(TRANSFERS, 1, stored(TRANSFERS, 20, 30, 40))
    backlog.add(LOGINS, 1, stored(LOGINS, 10, 25, 35))
    assert taken(backlog, 1) == [[(tp.topic, at)] for tp, at in ((LOGINS, 10), (TRANSFERS, 20), (LOGINS, 25))] + [
        [(tp.topic, at)] for tp, at in ((TRANSFERS, 30), (LOGINS, 35), (TRANSFERS, 40))
    ]


def test_a_turn_takes_what_waits_in_several_topics() -> None:
    backlog = PartitionGroup()
    backlog.add(TRANSFERS, 1, stored(TRANSFERS, 20, 30, 40))
    backlog.add(LOGINS, 1, stored(LOGINS, 10, 25))
    assert taken(backlog, 4) == [
        [(LOGINS.topic, 10), (LOGINS.topic, 25), (TRANSFERS.topic, 20), (TRANSFERS.topic, 30)],
        [(TRANSFERS.topic, 40)],
    ]


def test_records_of_an_older_epoch_are_dropped() -> None:
    backlog = PartitionGroup()
    backlog.add(LOGINS, 1, stored(LOGINS, 10, 20))
    backlog.add(LOGINS, 2, stored(LOGINS, 20, start=1))
    (batch,) = backlog.take(10)
    assert (batch.epoch, [record.offset for record in batch.records]) == (2, [1])
    assert not backlog


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=1), min_size=1, max_size=6),
    st.integers(1, 7),
)
def test_every_record_is_handed_out_once_and_in_the_order_of_its_partition(parts: list[list[int]], limit: int) -> None:
    backlog, out = PartitionGroup(), []
    for number, timestamps in enumerate(parts):
        for _ in range(2):
            backlog.add(TP("topic", number), 1, stored(TP("topic", number), *timestamps))
    while backlog:
        turn = backlog.take(limit)
        assert 1 <= sum(len(batch.records) for batch in turn) <= limit
        out += [(batch.partition, record.offset) for batch in turn for record in batch.records]
    for number, timestamps in enumerate(parts):
        assert [offset for partition, offset in out if partition == number] == [*range(len(timestamps))] * 2
