"""Probes get the truth, whatever state Kafka is in."""

from __future__ import annotations

from pathlib import Path

from lakay_streams.embedded.kafka import EmbeddedKafka
from tests.agents.running import RunningWorker, until, worker


def test_health_is_as_the_runbook_says(pair: tuple[RunningWorker, RunningWorker]) -> None:
    answer = pair[0].ask("/health")
    assert answer.status == 200
    assert list(answer.json) == ["status", "version", "uptime_seconds"]
    assert (answer.json["status"], answer.json["version"]) == ("healthy", "0.1.0")
    assert isinstance(answer.json["uptime_seconds"], int)


def test_ready_is_as_the_runbook_says(pair: tuple[RunningWorker, RunningWorker]) -> None:
    answer = pair[0].ask("/ready")
    assert answer.status == 200
    assert (answer.json["status"], answer.json["kafka"]) == ("ready", True)
    assert answer.json["partitions"]["open"] == answer.json["partitions"]["assigned"]


def test_a_worker_whose_kafka_is_gone_lives_and_is_not_ready_until_it_is_back(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path / "kafka") as broker, worker(broker.bootstrap_servers, tmp_path) as running:
        until(running.is_ready, "the worker is ready")
        broker.stop()
        until(lambda: running.ask("/ready").status == 503, "the worker notices")
        assert running.ask("/ready").json["kafka"] is False
        assert running.ask("/health").status == 200
        broker.start()
        until(running.is_ready, "the worker is ready again")
