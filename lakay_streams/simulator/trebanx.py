"""The platform: it tells what happens as events, in the order of their times.

Every movement of a wallet is a transaction, circle contributions among them; circle events say what it was for.
Remittances are told on their own topic only, so that no movement is told twice as money.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

import orjson

from lakay_streams.contracts.topics import CIRCLES, REMITTANCES, TOPIC_OF, TRANSACTIONS, USERS
from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.places import DAY_MS, SECOND_MS, Access

_EPOCH = date(1970, 1, 1)

SOURCES = {
    TRANSACTIONS: "wallet-service",
    USERS: "identity-service",
    CIRCLES: "circle-service",
    REMITTANCES: "remittance-service",
}

TIME_FIELDS = {
    "transaction-initiated": "initiated_at",
    "transaction-completed": "completed_at",
    "transaction-failed": "failed_at",
    "transaction-flagged": "flagged_at",
    "user-registered": "registered_at",
    "user-verified": "verified_at",
    "user-profile-updated": "updated_at",
    "login-attempt": "attempted_at",
    "login-success": "attempted_at",
    "login-failed": "attempted_at",
    "session-started": "started_at",
    "session-ended": "ended_at",
    "device-registered": "registered_at",
    "user-action-performed": "performed_at",
    "circle-created": "created_at",
    "circle-member-joined": "joined_at",
    "circle-member-dropped": "dropped_at",
    "circle-contribution-received": "received_at",
    "circle-contribution-missed": None,
    "circle-payout-executed": "executed_at",
    "circle-completed": "completed_at",
    "circle-failed": "failed_at",
    "remittance-initiated": "initiated_at",
    "remittance-processing": "processed_at",
    "remittance-completed": "completed_at",
    "remittance-failed": "failed_at",
    "exchange-rate-updated": "effective_at",
}
"""Each event type's own field for when it happened; None where the envelope's timestamp is all there is."""


class Simulated(NamedTuple):
    """One record of Trebanx, and what is known about it besides.

    `key` is None only where a wrong key was asked for. `occurred_at` is the event time in ms UTC. `label` is the
    scenario's or look-alike's name and `scenario_id` its instance; both None for ordinary life. `event_type` is
    `poison` and `event_id` empty for a record that cannot be decoded.
    """

    topic: str
    key: bytes | None
    value: bytes
    occurred_at: int
    label: str | None
    scenario_id: str | None
    event_type: str
    event_id: str


class Trebanx:
    """Tells events; holds those of the near future until their time has come."""

    def __init__(self, seed: int) -> None:
        """Event ids follow from the seed."""
        self._bits = Random(f"{seed}/ids").getrandbits
        self._days: dict[int, str] = {}
        self._pending: list[tuple[int, int, Simulated]] = []
        self.told = 0

    def new_id(self) -> str:
        """Return a UUID (version 4 in form)."""
        digits = f"{self._bits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def text_of(self, at: int) -> str:
        """Return an instant (ms UTC) as ISO 8601."""
        day, ms = divmod(at, DAY_MS)
        date_text = self._days.get(day)
        if date_text is None:
            date_text = self._days[day] = (_EPOCH + timedelta(days=day)).isoformat()
        seconds, ms = divmod(ms, SECOND_MS)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{date_text}T{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}Z"

    def tell(
        self,
        at: int,
        event_type: str,
        key: str,
        payload: dict[str, Any],
        episode: Episode | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Tell that something happened at `at` (ms UTC), which must not lie before what was released."""
        topic, event_id, time_text = TOPIC_OF[event_type], self.new_id(), self.text_of(at)
        time_field = TIME_FIELDS[event_type]
        if time_field is not None:
            payload[time_field] = time_text
        envelope = {
            "event_id": event_id,
            "event_type": event_type,
            "event_version": "1.0",
            "timestamp": time_text,
            "source_service": SOURCES[topic],
            "payload": payload,
        }
        if correlation_id is not None:
            envelope["correlation_id"] = correlation_id
        label = scenario_id = None
        if episode is not None:
            label, scenario_id = episode.scenario, episode.scenario_id
            episode.told += 1
            episode.last_at = max(episode.last_at, at)
        self.told += 1
        record = Simulated(topic, key.encode(), orjson.dumps(envelope), at, label, scenario_id, event_type, event_id)
        heappush(self._pending, (at, self.told, record))

    def release(self, until: int) -> Iterator[Simulated]:
        """Yield what happened up to `until` (ms UTC), in order."""
        pending = self._pending
        while pending and pending[0][0] <= until:
            yield heappop(pending)[2]

    def user_event(
        self, at: int, event_type: str, user_id: str, access: Access, episode: Episode | None = None, **more: Any
    ) -> None:
        """Tell a login, a session's start or another event that has a device, an address and a place."""
        payload = {
            "user_id": user_id,
            "device_id": access.device_id,
            "ip_address": access.ip_address,
            "geo_location": access.geo,
            **more,
        }
        self.tell(at, event_type, user_id, payload, episode)
