"""A real Apache Kafka on this machine: one KRaft node, broker and controller in one process.

    with EmbeddedKafka() as kafka:
        connect(kafka.bootstrap_servers)

`python -m lakay_streams.embedded.kafka --port 19092 --data DIR` runs one in the foreground until Ctrl-C. Made
for demos and tests: it listens on loopback only, and one node keeps one copy of the data.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from lakay_streams.embedded.maven import java, kafka_jars
from lakay_streams.errors import LakayError, PrerequisiteError
from lakay_streams.processes import die_with_parent

READY = b"Kafka Server started"
"""What the broker logs once it serves requests."""


PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={log_dirs}

# Topics are created by name and shape; a misspelt one must fail, not appear.
auto.create.topics.enable=false

# One node: one copy of everything, and few internal partitions, since the first join and transaction wait for
# their creation.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# The first member of a group starts at once, and a dead one is noticed as fast as its session timeout asks.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# A killed broker comes back only when the controller has given up on its former self: 9 s unless told.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Above the largest record that anyone sends on purpose, so that it reaches the consumer who must refuse it.
message.max.bytes=20971520
log.cleaner.dedupe.buffer.size=16777216
"""


class EmbeddedKafka:
    """One Kafka node in a child process, which dies with its parent.

    `port` is a free one unless given, and stays the same over restarts. `data` keeps the node's files (topics
    and `kafka.log`); without it they live in a temporary folder that `stop` deletes.

    Start it from a thread that lives as long as the broker should: Linux ends the child with that thread.
    """

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        """Choose the ports and the folder; nothing runs and nothing is written until `start`."""
        self._temporary = data is None
        self._data = data
        self.port = port or _free_port()
        self._controller_port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """What a client connects to, `127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id of the running broker, to stop or kill it in tests; None when there is none."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """The exit code of a broker that ended by itself; None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def log(self) -> Path:
        """The broker's log file."""
        return self.data / "kafka.log"

    @property
    def data(self) -> Path:
        """The folder of the node's files; a temporary one is made at the first use."""
        if self._data is None:
            self._data = Path(tempfile.mkdtemp(prefix="lakay-kafka-"))
        return self._data

    def start(self, timeout_s: float = 60.0) -> Self:
        """Start the broker and return when it serves requests, about three seconds later.

        Raises `PrerequisiteError` when Java or the jars are missing, or it is not up within `timeout_s`.
        """
        if self._process is not None:
            return self
        properties = self._write_properties()
        self._format(properties)
        with self.log.open("ab") as log:
            said_before = log.tell()
            self._process = subprocess.Popen(
                [*_java(), "kafka.Kafka", properties],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the parent, which then stops the broker in its own order.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._wait_until_ready(said_before, timeout_s)
        return self

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop the broker: in good order when its data stays, at once when the data goes too."""
        if self._process is not None:
            if self._temporary:
                self._process.kill()
            else:
                self._process.terminate()
            self._reap(timeout_s)
        if self._temporary and self._data is not None:
            shutil.rmtree(self._data, ignore_errors=True)
            self._data = None

    def restart(self, *, kill: bool = False) -> None:
        """Stop and start again on the same data and port; `kill` leaves the broker no time to shut down."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._reap()
        self.start()

    def __enter__(self) -> Self:
        """Start the broker."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the broker."""
        self.stop()

    def wait(self) -> int:
        """Block until the broker ends by itself and return its exit code."""
        return self._process.wait() if self._process else 0

    def _write_properties(self) -> Path:
        self.data.mkdir(parents=True, exist_ok=True)
        properties = self.data / "server.properties"
        properties.write_text(
            PROPERTIES.format(
                port=self.port, controller_port=self._controller_port, log_dirs=self.data.absolute() / "log"
            )
        )
        return properties

    def _format(self, properties: Path) -> None:
        """Give an empty data folder its cluster id; a folder formatted before is left as it is."""
        if (self.data / "log" / "meta.properties").exists():
            return
        # Given with "=", since one in 64 begins with a dash.
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [*_java(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", properties],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PrerequisiteError(
                f"Kafka could not prepare {self.data} ({done.stderr.strip()[-300:]}): "
                "give it an empty, writable folder."
            )

    def _wait_until_ready(self, said_before: int, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        assert self._process is not None  # noqa: S101 - for the type checker
        while time.monotonic() < deadline:
            with self.log.open("rb") as log:
                log.seek(said_before)
                said = log.read()
            if READY in said:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        errors = [line for line in said.decode(errors="replace").splitlines() if "ERROR" in line]
        self._process.kill()
        self._reap()
        raise PrerequisiteError(
            f"The embedded Kafka did not come up on port {self.port} "
            f"({errors[-1] if errors else f'nothing within {timeout_s:.0f} s'}): "
            f"read {self.log}, free the port or choose another, and try again."
        )

    def _reap(self, timeout_s: float = 20.0) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _java() -> tuple[str | Path, ...]:
    """The start of every command: Java with Kafka's jars, logging with times."""
    return (
        java(),
        "-Xmx512m",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        "-cp",
        f"{kafka_jars()}/*",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run a broker in the foreground until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m lakay_streams.embedded.kafka",
        description="Run Apache Kafka on this machine until Ctrl-C.",
    )
    parser.add_argument("--port", type=int, default=19092, help="where clients connect (default 19092)")
    parser.add_argument("--data", type=Path, help="keep topics in this folder (default: a temporary one)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with EmbeddedKafka(arguments.data, arguments.port) as kafka:
            print(
                f"Kafka is ready: KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}  (log: {kafka.log})",
                flush=True,
            )
            return kafka.wait()
    except KeyboardInterrupt:
        return 0
    except LakayError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
