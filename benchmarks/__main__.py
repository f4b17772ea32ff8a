"""Run the contenders against one broker, interleaved, and report: `python -m benchmarks [CONTENDER ...]`.

One round runs every contender once, each in a process of its own; the next round starts one contender later, so that
none of them always has the broker's cold caches or the machine's quiet minute. `BENCH_QUICK=1` ends within two minutes.
`KAFKA_BOOTSTRAP_SERVERS` names a broker to use; without it an embedded one is started.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import report
from benchmarks.contenders import CONTENDERS, Contender, Job
from benchmarks.measure import Measurement
from benchmarks.report import Failure, Outcome
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.errors import LakayError

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
LOG_LINES = 15
INSTALL_S = 1_200
OWN_TOPICS = ("bench-", "trebanx.", "lakay.")
"""How the names of the topics start that contenders make."""


class Plan(NamedTuple):
    """How much to run, of which contenders unless they are named.

    No call but `install` takes longer than `call_s`; nothing new starts that would pass `total_s`. Seconds.
    """

    contenders: tuple[str, ...]
    rounds: int
    call_s: float
    total_s: float


COMPARED = tuple(name for name, contender in CONTENDERS.items() if contender.module != "undone")
FULL = Plan(COMPARED, rounds=5, call_s=300, total_s=2_400)
QUICK = Plan(("stock-faust", "lakay-engine", "lakay-worker"), rounds=2, call_s=60, total_s=105)


class Bench:
    """One bench run: its contenders, what they did so far, and the time that is left."""

    def __init__(
        self,
        contenders: tuple[Contender, ...],
        plan: Plan,
        bootstrap_servers: str,
        started: float,
        own_brokers: Mapping[str, str],
    ) -> None:
        """Plan the run; `started` is on the monotonic clock, and counts the brokers' start in.

        `own_brokers` are the bootstrap servers of contenders that have a broker to themselves, by name.
        """
        self._contenders = contenders
        self._plan = plan
        self._bootstrap_servers = bootstrap_servers
        self._own_brokers = own_brokers
        self._deadline = started + plan.total_s
        self._id = f"bench-{secrets.token_hex(3)}"
        self._runs: dict[str, list[Measurement]] = {contender.name: [] for contender in contenders}
        self._failures: dict[str, Failure] = {}
        self._absences: dict[str, str] = {}

    def run(self, progress: Progress) -> list[Outcome]:
        """Prepare every contender, run the rounds, and return the outcomes in the contenders' order."""
        total = len(self._contenders) * (1 + self._plan.rounds)
        bar = progress.add_task("", total=total)
        started = time.monotonic()
        for contender in self._contenders:
            if contender.installs:
                progress.update(bar, description=f"install · {contender.name}")
                self._call(contender, "install", f"{contender.name}-install")
        # What is made once counts for no run's time.
        self._deadline += time.monotonic() - started
        for contender in self._contenders:
            progress.update(bar, description=f"prepare · {contender.name}")
            if contender.name not in self._failures | self._absences:
                self._call(contender, "prepare", "prepare")
            progress.advance(bar)
        longest = 0.0
        for number in range(self._plan.rounds):
            started = time.monotonic()
            if started + longest > self._deadline:
                progress.console.print(f"{number} of {self._plan.rounds} rounds: the time is used up")
                break
            first = number % len(self._contenders)
            for contender in self._contenders[first:] + self._contenders[:first]:
                progress.update(bar, description=f"round {number + 1} · {contender.name}")
                if contender.name not in self._failures | self._absences:
                    self._call(contender, "run", f"{contender.name}-{number}")
                progress.advance(bar)
            longest = max(longest, time.monotonic() - started)
        return [
            Outcome(
                contender,
                self._runs[contender.name],
                self._failures.get(contender.name),
                self._absences.get(contender.name),
            )
            for contender in self._contenders
        ]

    def _call(self, contender: Contender, step: Literal["install", "prepare", "run"], label: str) -> None:
        """Call one function of a contender's module in a process of its own and note what came of it."""
        timeout = max(1.0, min(self._plan.call_s, self._deadline - time.monotonic()))
        if step == "install":
            timeout = INSTALL_S
        events = contender.quick_events if self._plan is QUICK else contender.events
        with tempfile.TemporaryDirectory(prefix="lakay-bench-", ignore_cleanup_errors=True) as folder:
            servers = self._own_brokers.get(contender.name, self._bootstrap_servers)
            job = Job(contender.name, servers, self._id, f"{self._id}-{label}", events, folder)
            log = Path(folder) / "log"
            problem = _run_process(job, step, log, timeout)
            if job.absence.exists():
                self._absences[contender.name] = job.absence.read_text()
            elif problem is None and step == "run":
                if job.result.exists():
                    self._runs[contender.name].append(Measurement(**orjson.loads(job.result.read_bytes())))
                else:
                    problem = "ended without a result"
            if problem is not None:
                lines = log.read_text(errors="replace").splitlines()
                self._failures[contender.name] = Failure(f"{problem} ({label})", "\n".join(lines[-LOG_LINES:]))


def _run_process(job: Job, step: str, log: Path, timeout_s: float) -> str | None:
    """Run one call's process and all it starts; return what went wrong, or None."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            job.command(step),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own, so that what the contender starts can be ended with it.
            start_new_session=True,
        )
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return f"was not done after {timeout_s:.0f} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return None if code == 0 else f"ended with code {code}"


@contextmanager
def broker() -> Iterator[str]:
    """Yield the bootstrap servers of the given broker, left as it was found, or of an embedded one."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not given:
        with EmbeddedKafka() as kafka:
            yield kafka.bootstrap_servers
        return
    found = asyncio.run(_topics(given))
    try:
        yield given
    finally:
        made = asyncio.run(_topics(given)) - found
        asyncio.run(_delete(given, sorted(topic for topic in made if topic.startswith(OWN_TOPICS))))


@contextmanager
def own_brokers(contenders: tuple[Contender, ...]) -> Iterator[Mapping[str, str]]:
    """Yield the bootstrap servers of an embedded broker for each contender that has one to itself, by name."""
    with ExitStack() as brokers:
        names = [contender.name for contender in contenders if contender.own_broker]
        yield {name: brokers.enter_context(EmbeddedKafka()).bootstrap_servers for name in names}


async def _topics(bootstrap_servers: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def _delete(bootstrap_servers: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics(topics)
    finally:
        await admin.close()


def main() -> int:
    """Run the bench; 0 when every contender finished, 1 when one failed, 2 when there is no broker."""
    started = time.monotonic()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure events per second of several contenders on one Kafka broker.",
        epilog="BENCH_QUICK=1: at most two minutes. KAFKA_BOOTSTRAP_SERVERS: a broker to use, else one is started.",
    )
    parser.add_argument("contender", nargs="*", help=f"only these (of {', '.join(CONTENDERS)})")
    quick = os.environ.get("BENCH_QUICK", "0") not in ("", "0")
    plan = QUICK if quick else FULL
    chosen = parser.parse_args().contender or plan.contenders
    if unknown := set(chosen) - set(CONTENDERS):
        parser.error(f"no contender {', '.join(sorted(unknown))}: choose from {', '.join(CONTENDERS)}")
    console = Console()
    # Leave by the same way as after Ctrl-C: processes ended, topics deleted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    columns = (TextColumn("{task.description:32}"), BarColumn(), TimeElapsedColumn())
    try:
        contenders = tuple(contender for name, contender in CONTENDERS.items() if name in chosen)
        with (
            broker() as bootstrap_servers,
            own_brokers(contenders) as own,
            Progress(*columns, console=console) as progress,
        ):
            outcomes = Bench(contenders, plan, bootstrap_servers, started, own).run(progress)
    except LakayError as error:
        console.print(str(error), style="red")
        return 2
    except KeyboardInterrupt:
        return 130
    report.show(console, outcomes)
    report.write(outcomes, BUILD, quick=quick)
    console.print(f"written: {BUILD.name}/bench.json, {BUILD.name}/bench.png")
    return 1 if any(outcome.failure for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
