"""The order of a demo: Kafka, topics, worker, traffic; then watch until told to stop; then stop it all, last first."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from aiokafka.errors import KafkaError
from rich.console import Console

from lakay_streams.demo import screen, view
from lakay_streams.demo.children import Child, Interruption, Running, obituary
from lakay_streams.demo.snapshot import Snapshot
from lakay_streams.demo.summary import summarise
from lakay_streams.demo.watching import Watch
from lakay_streams.embedded import kafka, maven
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.errors import PrerequisiteError, SettingsError
from lakay_streams.settings import Settings, explain, load_settings
from lakay_streams.telemetry import logs
from lakay_streams.topics.provision import create_topics

TURN_S = 0.5
"""Time between two looks at Kafka and at the children."""

START_S = 180.0
"""How long a demo that stops by itself waits for the first events."""

ANSWER_WITHIN_S = 15.0
"""How long Kafka may take to answer before the demo gives up."""

Show = Callable[[Snapshot], None]
Over = Callable[[Snapshot], bool]


class Stage(NamedTuple):
    """Where a demo plays. `settings` name the Kafka in use; `broker` is the embedded one, if it is that."""

    settings: Settings
    folder: Path
    broker: EmbeddedKafka | None
    started_at: float


class Ending(NamedTuple):
    """How a demo ended: its last snapshot, and what there is to say of a child that ended by itself."""

    last: Snapshot
    obituary: str | None


def run(
    *,
    seconds: float | None = None,
    summary: Path | None = None,
    rate: float = 1_500.0,
    picture: Path | None = None,
) -> int:
    """Run the demo until Ctrl-C, SIGTERM or `seconds`; return 0 if alerts were committed and nothing failed, else 1.

    `rate` is in events per second. `seconds` count from the first events that the worker has committed, so that a slow
    machine shows as much; `START_S` after the start it is over without any. `summary` and `picture` are files to write
    at the end: JSON, and the view as SVG. Raises `LakayError` for what the user can put right.
    """
    console = Console()
    with Interruption() as interruption, ExitStack() as running:
        try:
            stage = _set_stage(console, load_settings(), running)
        except KeyboardInterrupt:
            screen.say(console, "Stopped before any traffic.")
            return 1
        interruption.defer()
        begun: float | None = None

        def over(snapshot: Snapshot) -> bool:
            nonlocal begun
            if begun is None and snapshot.events:
                begun = snapshot.seconds
            if interruption.requested or seconds is None:
                return interruption.requested
            return snapshot.seconds >= (START_S if begun is None else begun + seconds)

        with screen.live(console) as show:
            ending = asyncio.run(_play(stage, rate, show, over, running))
        screen.say(console, "Stopping ...")
    _write(ending.last, summary, picture)
    if ending.obituary:
        print(ending.obituary, file=sys.stderr)
    screen.say(console, _verdict(ending.last))
    return 0 if ending.last.alerts and not ending.obituary else 1


def _set_stage(console: Console, settings: Settings, running: ExitStack) -> Stage:
    """Start or find Kafka, and create the topics."""
    folder = Path(tempfile.mkdtemp(prefix="lakay-demo-"))
    running.callback(shutil.rmtree, folder, ignore_errors=True)
    # Libraries' warnings would tear the page up.
    logs.configure("WARNING", running.enter_context((folder / "demo.log").open("w")))
    broker = None
    if _kafka_is_named(settings):
        _refuse_production(settings)
        started_at = time.monotonic()
    else:
        _fetch_kafka(console)
        started_at = time.monotonic()
        screen.say(console, f"Starting Apache Kafka {kafka.VERSION} ...")
        broker = EmbeddedKafka()
        running.callback(broker.stop)
        broker.start()
        settings = settings.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap_servers})
    screen.say(console, f"Creating the topics on {settings.kafka_bootstrap_servers} ...")
    asyncio.run(_create_topics(settings))
    return Stage(settings, folder, broker, started_at)


async def _play(stage: Stage, rate: float, show: Show, over: Over, running: ExitStack) -> Ending:
    """Start worker and traffic, and show what comes of them until it is `over` or one of them ends by itself."""
    settings = stage.settings
    async with Watch(settings, stage.started_at) as watch:
        children: dict[str, Running] = {"Kafka": stage.broker} if stage.broker else {}
        port = _free_port(settings)
        children["The worker"] = worker = _worker(stage, port)
        running.callback(worker.stop)
        children["The simulated Trebanx"] = traffic = _traffic(stage, rate)
        running.callback(traffic.stop)
        while True:
            await _update(watch, settings, children)
            last = watch.snapshot(kafka=_kafka(stage), pages=f"http://127.0.0.1:{port}")
            show(last)
            if over(last) or obituary(children):
                return Ending(last, obituary(children))
            await asyncio.sleep(TURN_S)


async def _update(watch: Watch, settings: Settings, children: Mapping[str, Running]) -> None:
    """Let the watch read on, until a child ends; raise when Kafka stays silent and no child's end explains it."""
    update = asyncio.ensure_future(watch.update())
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while not update.done() and obituary(children) is None:
                await asyncio.wait({update}, timeout=TURN_S)
        if update.done():
            update.result()
    except (TimeoutError, KafkaError):
        if obituary(children) is None:
            raise _silent(settings) from None
    finally:
        update.cancel()


def _worker(stage: Stage, port: int) -> Child:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": stage.settings.kafka_bootstrap_servers,
        "LAKAY_DATA_DIR": str(stage.folder / "state"),
        "WORKER_PORT": str(port),
    }
    return Child("lakay_streams.cli", "worker", log=stage.folder / "worker.log", environment=environment)


def _traffic(stage: Stage, rate: float) -> Child:
    # The same show each time on a Kafka of its own; on another, event ids that no earlier show has used up.
    seed = 1 if stage.broker else time.time_ns() // 1_000_000
    arguments = (stage.settings.kafka_bootstrap_servers, str(rate), str(seed))
    return Child("lakay_streams.demo.traffic", *arguments, log=stage.folder / "traffic.log", environment={})


def _fetch_kafka(console: Console) -> None:
    kafka.java()
    if maven.is_cached(kafka.JARS):
        return
    with screen.long_step(console, f"Fetching Apache Kafka {kafka.VERSION}, once (54 MB, into {maven.cache_folder()})"):
        maven.fetch(kafka.JARS)


async def _create_topics(settings: Settings) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await create_topics(settings)
    except (TimeoutError, KafkaError):
        raise _silent(settings) from None


def _silent(settings: Settings) -> PrerequisiteError:
    return PrerequisiteError(
        f"Kafka at {settings.kafka_bootstrap_servers} does not answer: start it, or unset KAFKA_BOOTSTRAP_SERVERS to "
        "let the demo start its own."
    )


def _kafka_is_named(settings: Settings) -> bool:
    sources = {row.variable: row.source for row in explain(settings)}
    return sources["KAFKA_BOOTSTRAP_SERVERS"] != "default"


def _refuse_production(settings: Settings) -> None:
    if not settings.debug:
        raise SettingsError(
            f"The demo would send made-up events to {settings.kafka_bootstrap_servers}, and DEBUG=false says that it "
            "is in production: unset KAFKA_BOOTSTRAP_SERVERS, or set DEBUG=true."
        )


def _kafka(stage: Stage) -> str:
    return "embedded" if stage.broker else stage.settings.kafka_bootstrap_servers


def _free_port(settings: Settings) -> int:
    """The port of the settings for the worker's pages, or another when it is taken."""
    for port in (settings.worker_port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PrerequisiteError("No port is free on 127.0.0.1: end some of the programs that listen there.")


def _write(last: Snapshot, summary: Path | None, picture: Path | None) -> None:
    for file, told in ((summary, summarise), (picture, view.picture)):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(told(last))


def _verdict(last: Snapshot) -> str:
    if last.seconds_to_first_alert is None:
        return f"No alert was committed in {last.seconds:.0f} s."
    return (
        f"{last.alerts:,} alerts were committed in {last.seconds:.0f} s, the first after "
        f"{last.seconds_to_first_alert:.1f} s, from {last.events:,} events."
    )
