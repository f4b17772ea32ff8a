"""The embedded Kafka is a real one, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lakay_streams.embedded.kafka import JARS, VERSION, EmbeddedKafka
from lakay_streams.errors import PrerequisiteError


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def commit_in_a_transaction(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-writer")
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read_one(bootstrap: str, topic: str) -> bytes:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    try:
        return (await asyncio.wait_for(consumer.getone(), 30)).value or b""
    finally:
        await consumer.stop()


def test_a_committed_transaction_is_read_back(kafka: str) -> None:
    async def scenario() -> bytes:
        await create_topic(kafka, "embedded-transaction")
        await commit_in_a_transaction(kafka, "embedded-transaction", b"hello")
        return await read_one(kafka, "embedded-transaction")

    assert asyncio.run(scenario()) == b"hello"


def test_data_and_address_survive_a_kill_and_restart(tmp_path: Path) -> None:
    with EmbeddedKafka(data=tmp_path) as broker:
        address = broker.bootstrap_servers
        asyncio.run(create_topic(address, "kept"))
        asyncio.run(commit_in_a_transaction(address, "kept", b"before"))
        broker.restart(kill=True)
        assert broker.bootstrap_servers == address
        assert asyncio.run(read_one(address, "kept")) == b"before"
        broker_pid = broker.pid
    assert broker_pid is not None
    assert not psutil.pid_exists(broker_pid)
    assert (tmp_path / "kafka.log").exists()


def test_the_broker_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lakay_streams.embedded.kafka", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:" in parent.stdout.readline()
        (broker,) = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs([broker], timeout=30)
    assert not alive


def test_a_temporary_broker_deletes_its_folder() -> None:
    broker = EmbeddedKafka()
    folder = broker.data
    assert folder.is_dir()
    broker.stop()
    assert not folder.exists()


def test_kafka_starts_with_neither_maven_nor_java_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with EmbeddedKafka() as broker:
        asyncio.run(create_topic(broker.bootstrap_servers, "alone"))


def test_a_port_in_use_is_reported_with_its_number(kafka: str, tmp_path: Path) -> None:
    port = int(kafka.rpartition(":")[2])
    with pytest.raises(PrerequisiteError, match=f"port {port}"):
        EmbeddedKafka(tmp_path, port).start()


def test_the_pinned_jars_are_those_of_the_named_version() -> None:
    assert f"kafka_2.13-{VERSION}.jar" in JARS.pinned
    assert {len(digest) for digest in JARS.pinned.values()} == {64}
