"""Events to decode: each packaged schema carries an example, and the tests change one thing about it."""

from __future__ import annotations

import copy
import json
from typing import Any

from lakay_streams.contracts import Contracts, Rejected
from lakay_streams.contracts.catalog import packaged_documents
from lakay_streams.contracts.topics import TOPIC_OF

SCHEMAS = packaged_documents()
CONTRACTS = Contracts.load(None)
DROP = object()
"""Stands for a field that is not there."""


def event(event_type: str = "transaction-initiated", /, envelope: Any = None, **payload: Any) -> dict[str, Any]:
    """Return the type's example with changes to its envelope and its payload."""
    document: dict[str, Any] = copy.deepcopy(SCHEMAS["envelope"]["1.0"]["examples"][0])
    document["event_type"] = event_type
    document["payload"] = copy.deepcopy(SCHEMAS[event_type]["1.0"]["examples"][0])
    for fields, changes in ((document, envelope or {}), (document["payload"], payload)):
        for name, value in changes.items():
            if value is DROP:
                fields.pop(name, None)
            else:
                fields[name] = value
    return document


def decode(document: Any, contracts: Contracts = CONTRACTS) -> Any:
    """Decode a document, or the bytes of one, from the topic of its event type."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    event_type = document.get("event_type") if isinstance(document, dict) else None
    return contracts.decode(raw, TOPIC_OF.get(str(event_type), "trebanx.transaction.events"))


def reasons(document: Any, contracts: Contracts = CONTRACTS) -> tuple[str, ...]:
    """Return why a document is rejected; fail if it is not."""
    outcome = decode(document, contracts)
    assert isinstance(outcome, Rejected), outcome
    return outcome.reasons
