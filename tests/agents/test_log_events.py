"""Every log event of the runbook (9.6) that is a worker's, provoked on a real one and found by the runbook's greps."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from lakay_streams.contracts.alerts import alert_id
from lakay_streams.contracts.topics import EVENT_TYPES, TOPIC_OF, TRANSACTIONS
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.engine.kafka.partitioner import partition_of
from tests.agents.running import BUGGY_WORKER, RunningWorker, free_port, send, until, worker
from tests.contracts.events import event

USER = "6f1c2f0e-7f41-4f0e-9e60-6a3d0f2b9f11"


def record(event_type: str, key: str, envelope: Any = None, **payload: Any) -> tuple[str, bytes, bytes]:
    """Return a Trebanx record with an event id of its own."""
    document = event(event_type, {"event_id": str(uuid.uuid4()), **(envelope or {})}, **payload)
    return TOPIC_OF[event_type], key.encode(), json.dumps(document).encode()


def transaction(key: str, **payload: Any) -> tuple[str, bytes, bytes]:
    """Return a transaction-initiated of user `key`."""
    return record("transaction-initiated", key, user_id=key, **payload)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    """A worker that was started before its Kafka, and has found it since."""
    folder = tmp_path_factory.mktemp("log-events")
    broker = EmbeddedKafka(port=free_port())
    try:
        with worker(broker.bootstrap_servers, folder, command=BUGGY_WORKER) as running:
            running.wait_for("kafka_consumers_failed_to_start")
            assert running.ask("/health").json["status"] == "healthy"
            assert (running.ask("/ready").status, running.ask("/ready").json["kafka"]) == (503, False)
            broker.start()
            until(running.is_ready, "the worker is ready")
            yield running
    finally:
        broker.stop()


@pytest.fixture(scope="module")
def kafka(running: RunningWorker) -> str:
    """The Kafka of the running worker."""
    return running.kafka


def grep(pattern: str, running: RunningWorker) -> list[dict[str, Any]]:
    """Run the runbook's own grep over the log."""
    done = subprocess.run(["grep", pattern], input=running.log(), capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_start_is_told(running: RunningWorker) -> None:
    started = running.wait_for("lakay_starting")
    assert started["version"] == "0.1.0"


def test_an_absent_kafka_is_an_error_that_says_what_to_do(running: RunningWorker) -> None:
    (first, *_) = [line for line in grep('"level":"error"', running) if line["event"].startswith("kafka_consumers")]
    assert first["event"] == "kafka_consumers_failed_to_start"
    assert "KAFKA_BOOTSTRAP_SERVERS" in first["reason"]


def test_each_consumer_is_told_once_and_then_all_of_them(running: RunningWorker) -> None:
    running.wait_for("kafka_consumers_started", partitions=[0, 1, 2])
    assert {line["topic"] for line in running.events("consumer_started")} == set(EVENT_TYPES)


async def test_a_scored_transaction_is_told_with_its_score(running: RunningWorker, kafka: str) -> None:
    await send(kafka, [transaction(USER, transaction_id="t-scored")])
    running.wait_for("transaction_scored_via_consumer", transaction_id="t-scored")
    (line,) = [
        line
        for line in grep('"event":"transaction_scored_via_consumer"', running)
        if line["transaction_id"] == "t-scored"
    ]
    assert 0 <= line["score"] <= 1
    assert 0 <= line["composite_score"] <= 1
    assert line["risk_tier"] in {"low", "medium", "high", "critical"}
    assert line["recommendation"]
    assert line["user_id"] == USER


async def test_a_user_in_capitals_is_the_same_user_and_a_duplicate_in_capitals_is_one(
    running: RunningWorker, kafka: str
) -> None:
    """The capitals hash to another partition, and are sent on to where the user's state is."""
    users = (str(uuid.UUID(int=(0xABCDEF << 104) + number, version=4)) for number in range(1_000))
    user = next(user for user in users if partition_of(user.encode(), 3) != partition_of(user.upper().encode(), 3))
    event_id = str(uuid.uuid4())
    await send(kafka, [record("session-started", user, {"event_id": event_id}, user_id=user)])
    running.wait_for("user_event_received", user_id=user)
    await send(kafka, [record("session-started", user.upper(), {"event_id": event_id.upper()}, user_id=user.upper())])
    running.wait_for("duplicate_event_skipped", event_id=event_id)


async def test_a_users_lines_are_found_by_the_users_id(running: RunningWorker, kafka: str) -> None:
    await send(kafka, [record("session-started", USER, user_id=USER)])
    running.wait_for("user_event_received", user_id=USER, event_type="session-started")
    assert "user_event_received" in {line["event"] for line in grep(f'"user_id":"{USER}"', running)}


async def test_too_many_logins_are_told(running: RunningWorker, kafka: str) -> None:
    user = str(uuid.uuid4())
    await send(kafka, [record("login-failed", user, user_id=user) for _ in range(8)])
    assert "logins" in running.wait_for("login_velocity_alert", user_id=user)["reason"]


def login(user: str, **payload: Any) -> tuple[str, bytes, bytes]:
    """Return a login of a user; without more, from the device and the place of the contract's example."""
    return record("login-success", user, user_id=user, **payload)


ELSEWHERE = {"device_id": "strange", "ip_address": "102.89.1.1", "geo_location": {"latitude": 6.5, "longitude": 3.4}}


async def test_a_takeover_is_told_and_alerted_and_an_operators_decision_about_it(
    running: RunningWorker, kafka: str
) -> None:
    user = str(uuid.uuid4())
    await send(kafka, [login(user, attempted_at="2026-02-26T09:00:00Z")])
    await send(kafka, [login(user, attempted_at="2026-02-26T09:10:00Z", **ELSEWHERE)])
    await send(kafka, [transaction(user, initiated_at="2026-02-26T09:12:00Z", **ELSEWHERE)])
    line = running.wait_for("account_takeover_alert", user_id=user, alert_type="takeover_transfer")
    assert (line["level"], line["risk_tier"], line["recommendation"]) == ("warning", "high", "review")
    assert line["rules"] == ["entry", "transfer"]
    environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka}
    command = [sys.executable, "-m", "lakay_streams.cli", "profile", "legitimate", user]
    done = await asyncio.to_thread(
        subprocess.run, command, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert f"legitimate of {user} sent as " in done.stdout
    running.wait_for("profile_disposed", user_id=user, disposition="legitimate")
    shown = running.ask(f"/tables/users/{user}").json["state"]
    assert {row["value"] for row in shown["devices"]["known"]} == {"strange", "device-7f3a"}
    assert not shown["behavior"]["suspects"]


async def test_a_circles_event_is_told(running: RunningWorker, kafka: str) -> None:
    circle = str(uuid.uuid4())
    await send(kafka, [record("circle-contribution-received", circle, circle_id=circle)])
    running.wait_for("circle_event_received", circle_id=circle, event_type="circle-contribution-received")


async def test_a_change_of_a_circles_tier_is_told_with_its_reasons(running: RunningWorker, kafka: str) -> None:
    circle = str(uuid.uuid4())
    await send(
        kafka, [record("circle-created", circle, circle_id=circle), record("circle-failed", circle, circle_id=circle)]
    )
    line = running.wait_for("circle_tier_changed", circle_id=circle)
    assert (line["old_tier"], line["new_tier"]) == ("healthy", "critical")
    assert "failed" in line["rules"]
    assert 0 <= line["score"] <= 1


async def test_that_a_report_is_recommended_is_known_on_its_topic_alone(running: RunningWorker, kafka: str) -> None:
    user = str(uuid.uuid4())
    for hour in (15, 17, 19):
        moved = {"transaction_id": str(uuid.uuid4()), "user_id": user, "amount": 9_500, "currency": "USD"}
        at = f"2026-03-10T{hour}:00:00Z"
        handed = {"type": "deposit", "payment_method": "cash", "initiated_at": at}
        await send(
            kafka,
            [
                record("transaction-initiated", user, {"timestamp": at}, **moved, **handed),
                record("transaction-completed", user, {"timestamp": at}, **moved, completed_at=at),
            ],
        )
    consumer = AIOKafkaConsumer(
        "lakay.compliance.alerts",
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with consumer, asyncio.timeout(60):
        alerts = (json.loads(sent.value) async for sent in consumer)
        alert = await anext(each async for each in alerts if each["recommendation"] == "recommend_sar")
    assert (alert["user_id"], alert["rule"]) == (user, "structuring")
    running.wait_for("compliance_alert", alert_id=alert["alert_id"])
    for told in (running.log(), running.ask("/metrics").text, running.ask("/stats").text):
        assert "recommend_sar" not in told
    assert all(user not in json.dumps(each) for each in running.events("compliance_alert"))


async def test_a_record_that_breaks_its_contract_is_told_with_every_reason(running: RunningWorker, kafka: str) -> None:
    event_id = str(uuid.uuid4())
    await send(kafka, [record("transaction-initiated", USER, {"event_id": event_id}, user_id=USER, amount="much")])
    line = running.wait_for("schema_validation_error", event_id=event_id)
    assert any("amount" in reason for reason in line["rejection_reasons"])
    assert "much" not in json.dumps(line), "what a producer sent may be anything, a secret too"


async def test_an_event_type_nobody_handles_is_told(running: RunningWorker, kafka: str) -> None:
    event_id = str(uuid.uuid4())
    document = event("transaction-initiated", {"event_id": event_id, "event_type": "transaction-levitated"})
    await send(kafka, [(TRANSACTIONS, USER.encode(), json.dumps(document).encode())])
    assert running.wait_for("no_handler_for_event", event_id=event_id)["event_type"] == "transaction-levitated"


async def test_a_duplicate_is_told(running: RunningWorker, kafka: str) -> None:
    event_id = str(uuid.uuid4())
    twice = record("transaction-initiated", USER, {"event_id": event_id}, user_id=USER)
    await send(kafka, [twice, twice])
    running.wait_for("duplicate_event_skipped", event_id=event_id)


async def test_money_counts_though_an_event_id_was_used_twice(running: RunningWorker, kafka: str) -> None:
    user, at = str(uuid.uuid4()), "2026-02-27T14:30:00Z"
    reused = {"event_id": str(uuid.uuid4())}
    told = {"user_id": user, "transaction_id": "t-cash", "amount": "12000.00", "currency": "USD"}
    asked = {"initiated_at": at, "type": "deposit", "payment_method": "cash"}
    await send(kafka, [record("transaction-initiated", user, reused, **told, **asked)])
    await send(kafka, [record("transaction-completed", user, reused, **told, completed_at=at)])
    running.wait_for("compliance_alert", alert_id=alert_id("ctr", user, "2026-02-27"))


async def test_a_record_that_crashes_the_worker_is_told_set_aside_and_passed(
    running: RunningWorker, kafka: str
) -> None:
    user = str(uuid.uuid4())
    await send(kafka, [transaction(user, transaction_id="boom"), transaction(user, transaction_id="t-after")])
    running.wait_for("transaction_scored_via_consumer", transaction_id="t-after")
    line = running.wait_for("message_processing_error", topic=TRANSACTIONS)
    assert line in grep('"level":"error"', running)
    assert "3 times" in line["reason"]
    assert len(running.events("record_crashed_worker")) == 3
    assert len(running.events("worker_restarting")) == 3, "the supervisor started it again each time"


async def test_the_scoring_loop_may_be_busy_and_health_answers(
    running: RunningWorker, kafka: str, tmp_path: Path
) -> None:
    until(running.is_ready, "the worker is ready")
    gate = tmp_path / "open"
    await send(kafka, [transaction(USER, transaction_id=f"stuck:{gate}"), transaction(USER, transaction_id="t-free")])
    try:
        until(lambda: running.ask(f"/tables/users/{USER}").status == 503, "the scoring loop is stuck")
        assert running.ask("/health").json["status"] == "healthy"
        assert running.ask("/stats").json["app"] == "lakay-intelligence"
    finally:
        gate.touch()
    running.wait_for("transaction_scored_via_consumer", transaction_id="t-free")


def test_the_log_is_the_operators_own(running: RunningWorker) -> None:
    """No service's comings and goings of the libraries below, and nothing that is not JSON."""
    lines = [json.loads(line) for line in running.log().splitlines()]
    chatter = [line for line in lines if line["level"] == "info" and "logger" in line]
    assert not chatter
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"]) for line in lines)
