"""A worker that is told to stop in the middle of its work stops soon, and keeps what it has done."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from lakay_streams.contracts.topics import TRANSACTIONS
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.settings import load_settings
from lakay_streams.topics.provision import create_topics
from tests.agents.running import send, until, worker
from tests.contracts.events import event
from tests.engine.harness import committed

RECORDS = 50_000


async def test_what_was_processed_before_the_stop_is_committed(tmp_path: Path) -> None:
    """Each scored transaction is one log line and one record of its topic, so lines and committed offsets agree."""
    with EmbeddedKafka() as broker:
        kafka = broker.bootstrap_servers
        await create_topics(load_settings(env_file=None).model_copy(update={"kafka_bootstrap_servers": kafka}))
        await send(kafka, transactions())
        with worker(kafka, tmp_path) as running:
            until(lambda: bool(running.events("transaction_scored_via_consumer")), "the work has begun")
        scored = len(running.events("transaction_scored_via_consumer"))
        offsets = await committed(kafka, "lakay-intelligence", TRANSACTIONS)
        assert 0 < scored < RECORDS, "it was stopped in the middle"
        assert sum(offset.offset for offset in offsets.values()) == scored
        assert not running.events("final_checkpoint_failed")
        assert running.events("lakay_stopped")


def transactions() -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Yield many transactions of a few users."""
    document = event("transaction-initiated", {"event_id": "EVENT"}, user_id="USER")
    template = json.dumps(document)
    for number in range(RECORDS):
        user = f"user-{number % 500}"
        value = template.replace("EVENT", str(uuid.UUID(int=number))).replace("USER", user)
        yield TRANSACTIONS, user.encode(), value.encode()
