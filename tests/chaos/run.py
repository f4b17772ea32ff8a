"""A run: traffic and workers, a seeded schedule of faults, and the verdict when everything is processed.

The seed decides which faults come in which order, upon whom and after how long; when exactly they fall between two
records is up to the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from lakay_streams.contracts.topics import EVENT_TYPES
from lakay_streams.embedded.kafka import EmbeddedKafka
from tests.chaos import disk
from tests.chaos.faults import FAULTS, Stage
from tests.chaos.fleet import Fleet
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import Verdict, judge
from tests.e2e.platform import GROUP, PARTITIONS, Platform
from tests.engine.harness import group_offsets

WORKERS = ("first", "second", "third")

#: The worker that lives on a small disk.
CRAMPED = "first"

#: Seconds within which every partition must move again after a fault: none may hang.
MOVE_S = 120.0
CATCH_UP_S = 240.0

#: The share of faults that come while the one before them is still being recovered from.
OVERLAPPING = 0.25

#: Seconds between a recovery and the next fault.
REST_S = (0.5, 4.0)


class Plan(NamedTuple):
    """What to do. `kinds` are dealt in shuffled decks until `faults` are injected."""

    seed: int
    faults: int
    kinds: tuple[str, ...]
    rate: float = 250.0
    session_s: float = 6.0


class Injected(NamedTuple):
    """One fault, what it did, and the seconds until every partition moved again (None: the next came at once)."""

    kind: str
    detail: str
    recovered_s: float | None


class Outcome(NamedTuple):
    """A whole run."""

    plan: Plan
    injected: list[Injected]
    missed: dict[str, int]
    told: dict[str, int]
    restarts: int
    seconds: float
    verdict: Verdict

    @property
    def held(self) -> bool:
        """Whether nothing was lost, doubled or different."""
        return not (self.verdict.lost or self.verdict.doubled or self.verdict.differences)


def run(plan: Plan, folder: Path, tell: Callable[[int, str], None]) -> Outcome:
    """Carry out the plan below `folder`, which is emptied first; `tell` hears the faults so far and a line of each."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with disk.small_disk(folder / CRAMPED) as small, EmbeddedKafka(folder / "kafka") as kafka:
        if not small:
            tell(0, "no small disk can be mounted here (that takes root): no disk will be full")
        platform = Platform(kafka.bootstrap_servers, folder)
        platform.create_topics()
        with _fleet(plan, folder, kafka) as fleet:
            traffic = Traffic(kafka.bootstrap_servers, plan.rate, plan.seed)
            cramped = next(member for member in fleet.members if member.name == CRAMPED)
            stage = Stage(kafka, fleet, traffic, Random(plan.seed), plan.session_s, cramped if small else None, set())
            schedule = _Schedule(plan, stage, tell)
            stuck = schedule.inject()
            traffic.stop()
            tell(len(schedule.injected), "all faults injected: waiting until everything is processed")
            if stuck is None and not asyncio.run(_caught_up(platform)):
                stuck = f"not everything is processed {CATCH_UP_S:g} s after the last fault"
            fleet.stop(*fleet.members, in_peace=True)
        tell(len(schedule.injected), "comparing")
        verdict = asyncio.run(judge(platform, stage.damaged))
    verdict.differences.extend([*fleet.gave_up, *([stuck] if stuck else [])])
    told, seconds = fleet.told(), time.monotonic() - started
    return Outcome(plan, schedule.injected, dict(schedule.missed), told, fleet.restarts, seconds, verdict)


@contextlib.contextmanager
def _fleet(plan: Plan, folder: Path, kafka: EmbeddedKafka) -> Iterator[Fleet]:
    fleet = Fleet(folder, kafka.bootstrap_servers, WORKERS, plan.session_s)
    try:
        for member in fleet.members[:2]:
            fleet.start(member)
        yield fleet
    finally:
        fleet.close()


class _Schedule:
    """Deals faults and injects them, one after another and some upon another."""

    def __init__(self, plan: Plan, stage: Stage, tell: Callable[[int, str], None]) -> None:
        self.injected: list[Injected] = []
        self.missed: Counter[str] = Counter()
        self._plan = plan
        self._stage = stage
        self._tell = tell

    def inject(self) -> str | None:
        """Inject every fault; return what hangs, when something does."""
        rng = self._stage.rng
        if self._moved() is None:
            return f"the workers did not start to process within {MOVE_S:g} s"
        for kind in self._deal():
            time.sleep(rng.uniform(*REST_S))
            detail = FAULTS[kind](self._stage)
            if detail is None:
                self.missed[kind] += 1
                continue
            overlapping = rng.random() < OVERLAPPING
            recovered = None if overlapping else self._moved()
            self.injected.append(Injected(kind, detail, recovered))
            told = "the next at once" if recovered is None else f"{recovered:.1f} s"
            self._tell(len(self.injected), f"{kind:26} {detail:44} {told}")
            if recovered is None and not overlapping:
                return f"a partition hung for {MOVE_S:g} s after fault {len(self.injected)}, {kind} ({detail})"
        return None

    def _deal(self) -> Iterator[str]:
        """Yield kinds until enough are injected, or none of a whole deck can be.

        What could not be injected comes first in the next deck.
        """
        missed: list[str] = []
        while True:
            deck = list(self._plan.kinds)
            self._stage.rng.shuffle(deck)
            deck = [*missed, *(kind for kind in deck if kind not in missed)]
            missed, injected = [], len(self.injected)
            for kind in deck:
                if len(self.injected) >= self._plan.faults:
                    return
                before = self.missed[kind]
                yield kind
                if self.missed[kind] > before:
                    missed.append(kind)
            if len(self.injected) == injected:
                return

    def _moved(self) -> float | None:
        """Wait until every partition has committed something more; return the seconds, None when one hangs."""
        started = time.monotonic()
        before: dict[int, int] | None = None
        while time.monotonic() - started < MOVE_S:
            with contextlib.suppress(KafkaError, OSError):
                now = asyncio.run(self._committed())
                before = before or now
                if all(now[number] > before[number] for number in range(PARTITIONS)):
                    return time.monotonic() - started
            time.sleep(0.3)
        return None

    async def _committed(self) -> dict[int, int]:
        committed: dict[int, int] = defaultdict(int)
        for tp, offset in (await group_offsets(self._stage.kafka.bootstrap_servers, GROUP)).items():
            committed[tp.partition] += offset.offset
        return committed


async def _caught_up(platform: Platform) -> bool:
    """Wait until all that the traffic sent is processed, and then all that was sent on; return whether it is."""
    inbound = [TopicPartition(topic, number) for topic in EVENT_TYPES for number in range(PARTITIONS)]
    async with contextlib.AsyncExitStack() as stack:
        consumer = AIOKafkaConsumer(bootstrap_servers=platform.kafka)
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        # The traffic's producer is not transactional: its topics' ends are its records' ends.
        ends = await consumer.end_offsets(inbound)
    deadline = time.monotonic() + CATCH_UP_S
    while time.monotonic() < deadline:
        offsets = await group_offsets(platform.kafka, GROUP)
        if all(tp in offsets and offsets[tp].offset >= end for tp, end in ends.items() if end):
            break
        await asyncio.sleep(0.5)
    try:
        await platform.caught_up(max(1.0, deadline - time.monotonic()))
    except AssertionError:
        return False
    return True
