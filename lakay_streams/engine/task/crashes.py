"""Crash accounts: how often records have crashed a worker, kept in the metadata of the committed offset.

Faust acknowledges and skips a record whose agent raised. Here a raise is a bug: the worker stops, restarts and replays.
So that such records cannot stop a partition for ever, their crashes are counted where every later owner of the
partition reads them, whatever machine it runs on. There may be several before the next checkpoint: where one kind of
event meets a bug, each of them crashes the worker.
"""

from __future__ import annotations

from collections.abc import Mapping

#: At this many crashes a record is dead-lettered instead of processed.
DEAD_LETTER_AFTER = 3

#: Records of which account is kept, the earliest: a broker takes 4,096 bytes of metadata by default.
MAX_ACCOUNTS = 150

_PREFIX = "crashed"


def to_metadata(crashes: Mapping[int, int]) -> str:
    """Return how often the record at each offset has crashed a worker, as the metadata of a committed offset."""
    if not crashes:
        return ""
    return " ".join((_PREFIX, *(f"{offset} {times}" for offset, times in sorted(crashes.items())[:MAX_ACCOUNTS])))


def from_metadata(metadata: str) -> dict[int, int]:
    """Read the metadata of a committed offset; empty when it tells of no crash."""
    prefix, *numbers = metadata.split(" ")
    if prefix != _PREFIX or len(numbers) % 2 or not all(number.isdigit() for number in numbers):
        return {}
    return dict(zip(map(int, numbers[::2]), map(int, numbers[1::2]), strict=True))
