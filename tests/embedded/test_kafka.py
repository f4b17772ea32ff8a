"""The embedded Kafka is a real one, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.embedded.maven import kafka_jars, kafka_version
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


def test_jars_that_were_changed_added_or_lost_start_nothing(tmp_path: Path) -> None:
    pinned = kafka_jars()
    jars = tmp_path / pinned.name
    jars.mkdir()
    for jar in pinned.iterdir():
        (jars / jar.name).symlink_to(jar)
    assert kafka_jars(tmp_path) == jars
    (jars / "more.jar").write_bytes(b"")
    with pytest.raises(PrerequisiteError, match=r"1 of Kafka's jars .* \(more\.jar\): delete the folder"):
        kafka_jars(tmp_path)
    (jars / "more.jar").unlink()
    changed = sorted(jars.glob("kafka-clients-*.jar"))[0]
    changed.unlink()
    with pytest.raises(PrerequisiteError, match=changed.name):
        kafka_jars(tmp_path)
    changed.write_bytes(b"another jar")
    with pytest.raises(PrerequisiteError, match=changed.name):
        kafka_jars(tmp_path)


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


def test_without_maven_and_jars_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError) as refused:
        kafka_jars(tmp_path / "cache")
    assert "install Maven" in str(refused.value)
    assert "KAFKA_BOOTSTRAP_SERVERS" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_failed_download_leaves_no_half_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] no route to the repository'; exit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(PrerequisiteError, match="no route to the repository"):
        kafka_jars(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["download.lock"]


def test_a_port_in_use_is_reported_with_its_number(kafka: str, tmp_path: Path) -> None:
    port = int(kafka.rpartition(":")[2])
    with pytest.raises(PrerequisiteError, match=f"port {port}"):
        EmbeddedKafka(tmp_path, port).start()


def test_the_jars_are_of_the_version_in_the_pom() -> None:
    assert list(kafka_jars().glob(f"kafka_2.13-{kafka_version()}.jar"))
