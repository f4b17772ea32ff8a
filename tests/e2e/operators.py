"""What operators and officers decide about simulated traffic, as records of the control topic."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from random import Random
from uuid import NAMESPACE_OID, UUID, uuid5

from lakay_streams.contracts import alerts
from lakay_streams.contracts.topics import CONTROL, TRANSACTIONS, USERS
from lakay_streams.control.dispositions import decision, disposition
from lakay_streams.domain.behavior.disposition import LEGITIMATE, RESET
from lakay_streams.domain.business_day import business_day, iso_day
from lakay_streams.simulator import Label, Simulated


def clearings(labels: Iterable[Label]) -> list[tuple[str, bytes | None, bytes | None]]:
    """What officers decide at the end: every alert that may have been sent about the money of scenarios is cleared."""
    told: list[tuple[str, bytes | None, bytes | None]] = []
    for label in labels:
        first, last = business_day(label.started_at), business_day(label.ended_at)
        for rule, day in product(("structuring", "rapid_movement", "funnel"), range(first, min(last, first + 10) + 1)):
            alert_id = alerts.alert_id(rule, label.user_id, iso_day(day))
            payload = {"user_id": label.user_id, "alert_id": alert_id, "disposition": "cleared", "reason": "explained"}
            at = datetime.fromtimestamp(label.ended_at / 1000, UTC)
            value = decision("alert-disposition", payload, at, event_id=str(uuid5(NAMESPACE_OID, alert_id)))
            told.append((CONTROL, label.user_id.encode(), value))
    return told


def dispositions(part: list[Simulated]) -> list[tuple[str, bytes | None, bytes | None]]:
    """What operators decide meanwhile: about users of scenarios mostly, now and then twice, or under a wrong key."""
    random = Random("".join(record.event_id for record in part[:1]))
    told: list[tuple[str, bytes | None, bytes | None]] = []
    suspected = [record for record in part if record.scenario_id is not None and record.topic in {USERS, TRANSACTIONS}]
    for record in random.sample(suspected, min(3, len(suspected))) + random.sample(part, min(2, len(part))):
        if record.key is None or record.topic not in {USERS, TRANSACTIONS}:
            continue
        decided = random.choice((RESET, LEGITIMATE))
        at = datetime.fromtimestamp(record.occurred_at / 1000, UTC)
        event_id = str(UUID(int=random.getrandbits(128), version=4))
        value = disposition(record.key.decode(), decided, at, event_id=event_id)
        key = None if random.random() < 0.2 else record.key
        told += [(CONTROL, key, value)] * random.choice((1, 1, 1, 2))
    rate = {"base_currency": "USD", "quote_currency": "HTG", "rate": random.choice(("131", "400"))}
    at = datetime.fromtimestamp(part[0].occurred_at / 1000, UTC) if part else datetime.fromtimestamp(0, UTC)
    event_id = str(UUID(int=random.getrandbits(128), version=4))
    told.append((CONTROL, b"USD/HTG", decision("exchange-rate-confirmed", rate, at, event_id=event_id)))
    return [*told, (CONTROL, b"nobody", b"{}")]
