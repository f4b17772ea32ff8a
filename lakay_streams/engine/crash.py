"""Crash accounts: how often a record has crashed a worker, kept in the metadata of the committed offset.

Faust acknowledges and skips a record whose agent raised. Here a raise is a bug: the worker stops, restarts and replays.
So that one record cannot stop a partition for ever, its crashes are counted where every later owner of the partition
reads them, whatever machine it runs on.
"""

from __future__ import annotations

from typing import NamedTuple

#: At this many crashes a record is parked instead of processed.
PARK_AFTER = 3

_PREFIX = "crashed"


class Crash(NamedTuple):
    """The record at `offset` has crashed a worker `times` times."""

    offset: int
    times: int

    def metadata(self) -> str:
        """Return it as the metadata of a committed offset."""
        return f"{_PREFIX} {self.offset} {self.times}"

    @staticmethod
    def from_metadata(metadata: str) -> Crash | None:
        """Read the metadata of a committed offset; None when it tells of no crash."""
        prefix, *numbers = metadata.split(" ")
        if prefix != _PREFIX or len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            return None
        return Crash(int(numbers[0]), int(numbers[1]))
