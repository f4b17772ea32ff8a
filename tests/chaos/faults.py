"""Every kind of fault: what it does to the stage, and what is told of it.

A fault returns what it did in a few words, or None when it could not be injected (a worker without partitions passes no
checkpoint). It does not wait until its victims have recovered: the run does, now and then.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from lakay_streams.embedded.kafka import EmbeddedKafka
from tests.chaos import disk
from tests.chaos.bugs import CRASH_ALWAYS, CRASH_ONCE
from tests.chaos.fleet import Fleet, Member
from tests.chaos.points import CHECKPOINT, OPENING, TRANSACTION_S, Point
from tests.chaos.traffic import Traffic

#: Seconds within which a worker must come by an armed point, or by a bug: it may have been struck just before, and has
#: to start, wait for a rebalance and restore its states first.
REACH_S = 60.0

#: Seconds within which a worker that is started joins the group.
JOINED_S = 4.0

#: Seconds a disk is full before its worker is killed too.
FULL_S = 5.0

#: Seconds after which the broker looks for transactions that have taken too long, by default.
ABORTED_EVERY_S = 10.0
NO_SPACE = b"No space left on device"


class Stage(NamedTuple):
    """All that a fault may touch. `small_disk` is the worker whose folder is a small disk, where that can be had.

    `damaged` collects the names of the workers whose RocksDB files were damaged.
    """

    kafka: EmbeddedKafka
    fleet: Fleet
    traffic: Traffic
    rng: Random
    session_s: float
    small_disk: Member | None
    damaged: set[str]

    def victim(self) -> Member:
        """Return a worker that runs."""
        self.fleet.until(lambda: bool(self.fleet.running), REACH_S)
        return self.rng.choice(self.fleet.running)


Fault = Callable[[Stage], str | None]


def _names(members: Iterable[Member]) -> str:
    return ", ".join(member.name for member in members)


def killed(stage: Stage) -> str:
    """SIGKILL at any moment."""
    victim = stage.victim()
    victim.send(signal.SIGKILL)
    return victim.name


def all_killed(stage: Stage) -> str:
    """SIGKILL to every worker at once."""
    victims = stage.fleet.running
    for victim in victims:
        victim.send(signal.SIGKILL)
    return _names(victims)


def killed_at(point: Point) -> Fault:
    """SIGKILL at a point of a checkpoint."""

    def kill(stage: Stage) -> str | None:
        victim = stage.victim()
        return victim.name if stage.fleet.strike(victim, point, signal.SIGKILL, REACH_S) else None

    return kill


def killed_opening(stage: Stage) -> str | None:
    """SIGKILL at any moment, and again while the worker that comes back opens its partitions."""
    victim, point = stage.victim(), stage.rng.choice(OPENING)
    with stage.fleet.down(victim):
        if point is Point.RESTORING:
            disk.lose(victim.data)
    struck = stage.fleet.strike(victim, point, signal.SIGKILL, REACH_S)
    return f"{victim.name} at {point.value}" if struck else None


def zombie(stage: Stage) -> str:
    """SIGSTOP at any moment, SIGCONT after the group has gone on without the worker."""
    victim = stage.victim()
    victim.send(signal.SIGSTOP)
    return _wake(stage, victim, "anywhere", stage.session_s * stage.rng.uniform(1.3, 2.2))


def zombie_in_checkpoint(stage: Stage) -> str | None:
    """SIGSTOP inside a checkpoint, SIGCONT after the group has gone on without the worker."""
    victim, point = stage.victim(), stage.rng.choice([point for point in CHECKPOINT if point is not Point.COMMIT_SENT])
    if not stage.fleet.strike(victim, point, signal.SIGSTOP, REACH_S):
        return None
    return _wake(stage, victim, f"at {point.value}", stage.session_s * stage.rng.uniform(1.3, 2.2))


def zombie_aborted(stage: Stage) -> str | None:
    """SIGSTOP inside a transaction, SIGCONT after the broker has aborted it, which ends the producer's epoch too."""
    victim, point = stage.victim(), stage.rng.choice([Point.OUTPUTS_SENT, Point.CHANGELOG_SENT, Point.OFFSETS_SENT])
    if not stage.fleet.strike(victim, point, signal.SIGSTOP, REACH_S):
        return None
    return _wake(stage, victim, f"at {point.value}", TRANSACTION_S + ABORTED_EVERY_S + stage.rng.uniform(0, 5))


def _wake(stage: Stage, victim: Member, where: str, seconds: float) -> str:
    time.sleep(seconds)
    victim.send(signal.SIGCONT)
    return f"{victim.name} {where}, for {seconds:.0f} s"


def scaled(stage: Stage) -> str:
    """Add a worker, or remove one in good order when all run."""
    fleet = stage.fleet
    if fleet.idle:
        added = stage.rng.choice(fleet.idle)
        fleet.start(added)
        return f"{added.name} added"
    removed = stage.rng.choice(fleet.members)
    fleet.stop(removed)
    return f"{removed.name} removed"


def shuffled(stage: Stage) -> str:
    """Add workers, and remove several at once about when those join the group."""
    fleet = stage.fleet
    leaving, coming = [member for member in fleet.members if member.wanted], fleet.idle
    keep = stage.rng.choice(leaving)
    removed = [member for member in leaving if member is not keep]
    for member in coming:
        fleet.start(member)
    time.sleep(stage.rng.uniform(0, JOINED_S))
    fleet.stop(*removed)
    if not coming:
        coming = removed[1:]
        for member in coming:
            fleet.start(member)
    return f"{_names(removed)} removed, {_names(coming)} added"


def scaled_during_recovery(stage: Stage) -> str:
    """Add and remove workers while one that lost its disk recovers."""
    victim = stage.victim()
    with stage.fleet.down(victim):
        disk.lose(victim.data)
    stage.fleet.until(lambda: victim.running, REACH_S)
    time.sleep(stage.rng.uniform(0.5, 4))
    return f"{victim.name} recovers, {scaled(stage)}"


def broker_restarted(stage: Stage) -> str:
    """The broker stops in good order and comes back."""
    stage.kafka.restart()
    return "stopped"


def broker_killed(stage: Stage) -> str:
    """The broker is killed and comes back."""
    stage.kafka.restart(kill=True)
    return "killed"


def broker_stopped(stage: Stage) -> str:
    """The broker hangs: SIGSTOP, and SIGCONT when every worker's session may have expired."""
    assert stage.kafka.pid is not None
    seconds = stage.session_s * stage.rng.uniform(0.7, 1.5)
    os.kill(stage.kafka.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(stage.kafka.pid, signal.SIGCONT)
    return f"for {seconds:.0f} s"


def disk_lost(stage: Stage) -> str:
    """A worker dies and comes back with an empty folder."""
    victim = stage.victim()
    with stage.fleet.down(victim):
        disk.lose(victim.data)
    return victim.name


def disk_corrupted(stage: Stage) -> str | None:
    """A worker dies, and comes back to damaged RocksDB files."""
    victim = stage.victim()
    families = stage.rng.sample(sorted(disk.FAMILIES), len(disk.FAMILIES))
    with stage.fleet.down(victim):
        for family in families:
            damaged = disk.corrupt(victim.data, family, stage.rng)
            if damaged:
                stage.damaged.add(victim.name)
                return f"{victim.name}: {damaged} files ({family})"
    return None


def disk_full(stage: Stage) -> str | None:
    """A worker's disk fills up; one that does not notice at once is killed, and finds it full when it comes back."""
    fleet, victim = stage.fleet, stage.small_disk
    if victim is None:
        return None
    fleet.start(victim)
    before = victim.count(NO_SPACE)

    def noticed() -> bool:
        return victim.count(NO_SPACE) > before

    with disk.full(victim.data):
        # A database writes a file when it holds enough in memory, and when it is closed.
        at_once = fleet.until(noticed, FULL_S, every=0.2)
        if not at_once:
            victim.send(signal.SIGKILL)
        if not fleet.until(noticed, REACH_S, every=0.2):
            return None
        time.sleep(stage.rng.uniform(0, FULL_S))
    return f"{victim.name}{'' if at_once else ', killed too'}"


def record_crashes_once(stage: Stage) -> str | None:
    """A record sets a bug off that does not come again."""
    return _crashed(stage, CRASH_ONCE, times=1)


def record_crashes_always(stage: Stage) -> str | None:
    """A record sets a bug off each time: at the third crash it is parked."""
    return _crashed(stage, CRASH_ALWAYS, times=3)


def _crashed(stage: Stage, bug: str, times: int) -> str | None:
    fleet = stage.fleet
    before = fleet.count(b'"record_crashed_worker"')
    stage.traffic.set_off(f"{bug}-{stage.rng.randrange(1 << 32)}")
    crashed = fleet.until(lambda: fleet.count(b'"record_crashed_worker"') >= before + times, times * REACH_S, every=0.5)
    return f"{times} times" if crashed else None


FAULTS: dict[str, Fault] = {
    "killed": killed,
    "killed_before_transaction": killed_at(Point.BEFORE_TRANSACTION),
    "killed_outputs_sent": killed_at(Point.OUTPUTS_SENT),
    "killed_changelog_sent": killed_at(Point.CHANGELOG_SENT),
    "killed_offsets_sent": killed_at(Point.OFFSETS_SENT),
    "killed_commit_sent": killed_at(Point.COMMIT_SENT),
    "killed_committed": killed_at(Point.COMMITTED),
    "killed_rocksdb_written": killed_at(Point.ROCKSDB_WRITTEN),
    "killed_opening": killed_opening,
    "all_killed": all_killed,
    "zombie": zombie,
    "zombie_in_checkpoint": zombie_in_checkpoint,
    "zombie_aborted": zombie_aborted,
    "scaled": scaled,
    "shuffled": shuffled,
    "scaled_during_recovery": scaled_during_recovery,
    "broker_restarted": broker_restarted,
    "broker_killed": broker_killed,
    "broker_stopped": broker_stopped,
    "disk_lost": disk_lost,
    "disk_corrupted": disk_corrupted,
    "disk_full": disk_full,
    "record_crashes_once": record_crashes_once,
    "record_crashes_always": record_crashes_always,
}
