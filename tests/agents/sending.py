"""Events as Trebanx sends them, into a topology in memory, and what came of them."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson

from lakay_streams.contracts.topics import TOPIC_OF
from lakay_streams.domain.events import Event
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.testing import TopologyDriver
from tests.contracts.events import CONTRACTS, event

MARIE = "3b241101-e2bb-4255-8caf-4136c5660001"
JEAN = "3b241101-e2bb-4255-8caf-4136c5660002"
CIRCLE = "3b241101-e2bb-4255-8caf-4136c5660020"


def send(
    driver: TopologyDriver, event_type: str, at: str, /, *, partition: int | None = None, **payload: Any
) -> Record:
    """Send an example of a type that happened `at`, under its entity's key; the same of the same time is one event."""
    event_id = str(uuid5(NAMESPACE_OID, f"{event_type} {at}"))
    document = event(event_type, {"event_id": event_id, "timestamp": at}, **payload)
    document["payload"] |= {name: at for name in document["payload"] if name.endswith("_at") and name not in payload}
    value, topic = orjson.dumps(document), TOPIC_OF[event_type]
    decoded = CONTRACTS.decode(value, topic)
    assert isinstance(decoded, Event), decoded
    return driver.send(topic, value, key=decoded.entity_id.encode(), partition=partition)


def deposit_cash(driver: TopologyDriver, at: str, amount: str, word: str = "deposit") -> None:
    """Send a deposit of cash, which is asked for `at` a time and completed at the same."""
    payload: dict[str, Any] = {"transaction_id": f"cash {at}", "amount": amount, "type": word, "recipient_id": None}
    send(driver, "transaction-initiated", at, payment_method="cash", **payload)
    send(driver, "transaction-completed", at, **payload)


def told(driver: TopologyDriver, topic: str) -> list[Any]:
    """Return what stands on a topic, as JSON."""
    return [json.loads(record.value or b"") for record in driver.records(topic)]
