"""The two subjects of every scenario, and what both are asked."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.engine.counting import Count
from tests.engine.harness import Worker, create_topics, read, unique, workers

_decode = msgspec.msgpack.Decoder(Count).decode


class Lost(AssertionError):  # noqa: N818 - a verdict, not an error of the program
    """Something was not counted, not emitted, or not within a time that is far beyond what it takes."""


class Doubled(AssertionError):  # noqa: N818 - as above
    """Something was counted or emitted more than once."""


class Subject(NamedTuple):
    """An implementation of the counting topology; `counted` reads a changelog record's key and count."""

    module: str
    counted: Callable[[Any], tuple[str, int]]

    async def prepare(self, kafka: str) -> str:
        """Create the topics of a new application and return its name."""
        name = unique("fault")
        await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
        return name

    def workers(self, name: str, kafka: str, folder: Path, count: int) -> AbstractContextManager[list[Worker]]:
        """Run workers of it."""
        return workers(name, kafka, folder, count, self.module)

    async def counts(self, kafka: str, name: str) -> dict[str, int]:
        """Return the last count of each key."""
        changelog = await read(kafka, f"{name}-counts-changelog")
        return dict(self.counted(record) for batch in changelog.values() for record in batch)

    async def counts_become(self, expected: dict[str, int], kafka: str, name: str, seconds: float) -> None:
        """Wait until the counts are as expected and stay so for as long as a late commit takes.

        Raises `Doubled` as soon as a count is too high, `Lost` when one is too low after so many seconds.
        """
        deadline, settled = time.monotonic() + seconds, 0
        while settled < 3:
            found = await self.counts(kafka, name)
            if over := [key for key, times in found.items() if times > expected.get(key, 0)]:
                raise Doubled(f"{len(over)} of {len(expected)} keys are counted too often")
            settled = settled + 1 if found == expected else 0
            if not settled and time.monotonic() > deadline:
                under = [key for key, times in expected.items() if found.get(key, 0) < times]
                raise Lost(f"{len(under)} of {len(expected)} keys are counted too seldom after {seconds:g} s")
            await asyncio.sleep(0.3)


STOCK = Subject(
    "tests.faust_faults.stock",
    lambda record: (json.loads(record.key), json.loads(record.value)),
)
LAKAY = Subject(
    "tests.engine.counting",
    lambda record: (record.key.decode(), _decode(record.value).times),
)


def subjects(fault: str, raises: type[AssertionError]) -> pytest.MarkDecorator:
    """Run a test with both subjects; stock Faust must raise `raises`, because of `fault`."""
    failing = pytest.mark.xfail(strict=True, raises=raises, reason=f"faust-streaming {fault}")
    return pytest.mark.parametrize(
        "subject", [pytest.param(STOCK, marks=failing, id="stock"), pytest.param(LAKAY, id="lakay")]
    )


def numbered(records: Iterable[int], keys: int = 50) -> list[tuple[bytes, bytes]]:
    """Return records with the numbers as values, dealt out to the keys."""
    return [(b"user-%d" % (number % keys), b"%d" % number) for number in records]


def counted(records: Iterable[tuple[bytes, bytes]]) -> dict[str, int]:
    """Return how often each key is in the records."""
    return dict(Counter(key.decode() for key, _ in records))
