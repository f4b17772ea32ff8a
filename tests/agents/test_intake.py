"""Intake: each record is counted once where its entity lives, or is kept, passed on or left alone."""

from __future__ import annotations

import base64

import orjson
import pytest
from structlog.testing import capture_logs

from lakay_streams.contracts.topics import REJECTED, REKEYED, TRANSACTIONS, USERS
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.testing import TopologyDriver
from tests.agents.sending import MARIE, send, told
from tests.contracts.events import event


def test_a_record_that_breaks_its_contract_is_kept_as_it_was_with_every_reason(driver: TopologyDriver) -> None:
    raw = orjson.dumps(event("transaction-initiated", amount=-5, currency="dollars"))
    bad = driver.send(TRANSACTIONS, raw, key=b"somebody")
    send(driver, "transaction-initiated", "2026-03-02T10:00:00Z")
    driver.run()
    (kept,) = told(driver, REJECTED)
    assert {reason.partition(":")[0] for reason in kept["rejection_reasons"]} == {"payload.amount", "payload.currency"}
    assert base64.b64decode(kept["raw_base64"]) == raw
    assert (kept["source_topic"], kept["partition"], kept["offset"]) == (TRANSACTIONS, bad.partition, bad.offset)
    # and the next one is scored
    assert list(driver.states("users", UserState)) == [MARIE]


def test_an_event_of_another_partition_is_passed_on_once_and_counted_there(driver: TopologyDriver) -> None:
    home = partition_of(MARIE.encode(), 3)
    sent = send(driver, "login-success", "2026-03-02T10:00:00Z", partition=(home + 1) % 3)
    driver.run()
    (passed_on,) = driver.records(REKEYED[USERS])
    assert (passed_on.partition, passed_on.key, passed_on.value) == (home, MARIE.encode(), sent.value)
    assert list(driver.states("users", UserState)) == [MARIE]
    assert driver.records(REJECTED) == []


def test_an_event_told_again_changes_nothing_and_is_said_so(driver: TopologyDriver) -> None:
    send(driver, "login-success", "2026-03-02T10:00:00Z")
    driver.run()
    once = driver.states("users", UserState)
    with capture_logs() as logged:
        send(driver, "login-success", "2026-03-02T10:00:00Z")
        driver.run()
    assert driver.states("users", UserState) == once
    assert [entry["event"] for entry in logged] == ["duplicate_event_skipped"]


@pytest.mark.parametrize("event_type", ["user-teleported", "remittance-completed"])
def test_an_event_type_that_its_topic_does_not_have_is_skipped_and_said_so(
    driver: TopologyDriver, event_type: str
) -> None:
    with capture_logs() as logged:
        driver.send(USERS, orjson.dumps(event("login-success", {"event_type": event_type})), key=MARIE.encode())
        driver.run()
    assert [(entry["event"], entry["event_type"]) for entry in logged] == [("no_handler_for_event", event_type)]
    assert driver.states("users", UserState) == {}
    assert driver.records(REJECTED) == []
