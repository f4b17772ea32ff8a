"""The verdict: what came out of a run, held against the plain-Python oracle, to the last key and output.

The sources and the journal say what was processed; the oracle follows them. `lost` counts source records that no
checkpoint processed and outputs that are missing; `doubled` those that came more than once. A state that differs, in a
changelog or in RocksDB, is a difference.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from rocksdict import AccessType, Options, Rdict

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, RATES, REJECTED, SOURCES
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import load_settings
from tests.chaos.bugs import CRASH_ALWAYS
from tests.e2e.oracle import NEW, Expected, Oracle
from tests.e2e.platform import GROUP, Platform

Id = TypeVar("Id", bound=Hashable)
Place = tuple[str, int, int]
Sources = Mapping[str, Mapping[int, list[Any]]]
Changelog = dict[int, list[Any]]

#: Differences of one sort told one by one; the others are counted.
TOLD = 3


class Verdict(NamedTuple):
    """What came out. Nothing lost, nothing doubled and no difference is what every run must give."""

    events: int
    outputs: int
    parked: int
    lost: int
    doubled: int
    differences: list[str]


async def judge(platform: Platform, damaged: Collection[str]) -> Verdict:
    """Compare everything; the workers have ended, and their folders lie below the platform's.

    `damaged` names the workers whose RocksDB files a fault has damaged.
    """
    sources = {topic: await platform.read(topic) for topic in SOURCES}
    journal = {
        number: [JournalEntry.decode(record.value) for record in records]
        for number, records in (await platform.read(JOURNAL)).items()
    }
    comparison = _Comparison()
    parked = _compare_processed(comparison, sources, journal)
    rates, corridors = [(await platform.read(topic, partitions=1))[0] for topic in (RATES, CORRIDORS)]
    oracle = Oracle(Contracts.load(None), load_settings(env_file=None))
    expected = oracle.replay(sources, journal, rates, corridors)
    outputs = await _compare_outputs(comparison, platform, expected)
    for table in NEW:
        changelog = await platform.read(f"{GROUP}-{table}-changelog")
        _compare_states(comparison, table, changelog, expected.states[table])
        _compare_databases(comparison, table, changelog, platform.folder, damaged)
    events = sum(len(records) for partitions in sources.values() for records in partitions.values())
    return Verdict(events, outputs, parked, comparison.lost, comparison.doubled, comparison.differences)


class _Comparison:
    """Counts what is lost and doubled, and tells of the first of each sort."""

    def __init__(self) -> None:
        self.lost = self.doubled = 0
        self.differences: list[str] = []

    def count(self, what: str, expected: Counter[Id], seen: Counter[Id]) -> None:
        """Compare multiplicities."""
        missing, surplus = expected - seen, seen - expected
        self.lost += missing.total()
        self.doubled += surplus.total()
        self.tell(f"{what} lost", [str(each) for each in missing])
        self.tell(f"{what} doubled", [str(each) for each in surplus])

    def tell(self, what: str, each: list[str]) -> None:
        """Tell of differences of one sort."""
        if each:
            self.differences.append(f"{what}: {len(each)}, such as {'; '.join(each[:TOLD])}")


def _compare_processed(comparison: _Comparison, sources: Sources, journal: Mapping[int, list[JournalEntry]]) -> int:
    """Every record of every source is in one checkpoint; those that always crash, and no others, are parked."""
    places: Counter[Place] = Counter()
    always: Counter[Place] = Counter()
    for topic, partitions in sources.items():
        for number, records in partitions.items():
            places.update((topic, number, record.offset) for record in records)
            always.update((topic, number, record.offset) for record in records if CRASH_ALWAYS.encode() in record.value)
    processed: Counter[Place] = Counter()
    parked: Counter[Place] = Counter()
    for number, entries in journal.items():
        for entry in entries:
            parked.update((topic, number, offset) for topic, offset in entry.parked)
            for topic, first, last, _ in entry.segments:
                # A transaction's marker takes an offset that no record has.
                reached = ((topic, number, offset) for offset in range(first, last + 1))
                processed.update(place for place in reached if place in places)
    comparison.count("records processed", places, processed)
    comparison.count("records parked", always, parked)
    return parked.total()


async def _compare_outputs(comparison: _Comparison, platform: Platform, expected: Expected) -> int:
    """A reader of committed records sees each alert, reject and record sent on once."""
    alerts = await platform.alert_ids()
    rejects = Counter(json.loads(record.value)["rejected_id"] for record in await platform.records(REJECTED))
    sent_on = await platform.sent_on()
    comparison.count("alerts", expected.alerts, alerts)
    comparison.count("rejects", expected.rejects, rejects)
    comparison.count("records sent on", expected.sent_on, sent_on)
    return alerts.total() + rejects.total() + sent_on.total()


def _compare_states(comparison: _Comparison, table: str, changelog: Changelog, expected: Mapping[str, Any]) -> None:
    """The changelog ends in the state of every key."""
    decode = msgspec.msgpack.Decoder(type(NEW[table])).decode
    final = {record.key.decode(): decode(record.value) for records in changelog.values() for record in records}
    differing = [key for key in final.keys() | expected.keys() if final.get(key) != expected.get(key)]
    comparison.tell(f"states of {table} that differ in the changelog", sorted(differing))


def _compare_databases(
    comparison: _Comparison, table: str, changelog: Changelog, folder: Path, damaged: Collection[str]
) -> None:
    """Every database is the changelog up to the offset it gives, and one of each partition is up to the end.

    Only what a fault damaged may be unreadable: its next owner rebuilds it.
    """
    for number, records in changelog.items():
        if not records:
            continue
        furthest, unreadable = -1, False
        for path in sorted(folder.glob(f"*/v1/tables/{table}/{number}.db")):
            worker = path.relative_to(folder).parts[0]
            try:
                offset, differing = _compare_database(path, records)
            except Exception as exc:  # rocksdict raises bare exceptions
                unreadable = True
                if worker not in damaged:
                    comparison.differences.append(f"RocksDB of {worker}, {table} {number}, cannot be read: {exc}")
                continue
            furthest = max(furthest, offset)
            comparison.tell(f"states in RocksDB of {worker}, {table} {number}, that differ at {offset}", differing)
        if furthest != records[-1].offset and not unreadable:
            comparison.differences.append(
                f"no RocksDB holds {table} {number} to its end, {records[-1].offset}: the furthest is at {furthest}"
            )


def _compare_database(path: Path, records: Iterable[Any]) -> tuple[int, list[str]]:
    """Return the changelog offset that a database gives, -1 for none, and the keys that differ there."""
    with closing(Rdict(str(path), Options(raw_mode=True), access_type=AccessType.read_only())) as db:
        offset = int(db.get(PartitionStore.OFFSET_KEY) or -1)
        expected = _up_to(records, offset)
        # Each key is asked for: an iterator just ends where a file is damaged.
        differing = {key for key, value in expected.items() if db.get(key) != value}
        differing |= db.keys() - expected.keys() - {PartitionStore.OFFSET_KEY}  # type: ignore[arg-type]  # bytes
        return offset, sorted(key.decode() for key in differing)


def _up_to(records: Iterable[Any], offset: int) -> dict[bytes, bytes]:
    states: dict[bytes, bytes] = {}
    for record in records:
        if record.offset > offset:
            break
        if record.value is None:
            states.pop(record.key, None)
        else:
            states[record.key] = record.value
    return states
