"""Every Kafka topic Lakay reads or writes, and which event types travel on which (runbook sections 3.3 and 4.3).

Outbound names are the defaults of settings such as `FRAUD_ALERT_KAFKA_TOPIC`; the inbound and internal ones are fixed.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

TRANSACTIONS = "trebanx.transaction.events"
USERS = "trebanx.user.events"
CIRCLES = "trebanx.circle.events"
REMITTANCES = "trebanx.remittance.events"

FRAUD_ALERTS = "lakay.fraud.alerts"
TIER_CHANGES = "lakay.circles.tier-changes"
ATO_ALERTS = "lakay.behavior.ato-alerts"
COMPLIANCE_ALERTS = "lakay.compliance.alerts"
EDD_TRIGGERS = "lakay.compliance.edd-triggers"

REJECTED = "lakay.internal.rejected"
JOURNAL = "lakay.internal.journal"
RATES = "lakay.internal.rates"
CORRIDORS = "lakay.internal.corridors"
CONTROL = "lakay.internal.control"
MOVEMENTS = "lakay.internal.movements"
REKEYED_TRANSACTIONS = "lakay.internal.transaction.events"
REKEYED_USERS = "lakay.internal.user.events"
REKEYED_CIRCLES = "lakay.internal.circle.events"
REKEYED_REMITTANCES = "lakay.internal.remittance.events"
MEMBERS = "lakay.internal.member.events"

DEFAULT_PARTITIONS = 3
"""Partitions of each inbound topic that the runbook recommends (appendix B)."""

COMPACTED_AFTER_MS = 86_400_000
"""How long Kafka has every record of a compacted topic, at least: the lake may be so late and miss none."""


class Role(Enum):
    """Who writes a topic, and for whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Partitions(Enum):
    """How many partitions a topic has."""

    AS_SOURCES = "as the inbound topics"
    """The inbound topics share one count, so that one worker owns a user's partition of all of them."""
    ONE = "one"
    """Small data that every worker reads whole."""


class Topic(NamedTuple):
    """One topic. `cleanup_policy` is Kafka's `cleanup.policy`; `key` says what its records are keyed by."""

    name: str
    role: Role
    partitions: Partitions
    cleanup_policy: str
    key: str
    purpose: str

    def partition_count(self, sources: int = DEFAULT_PARTITIONS) -> int:
        """Partitions to create it with, where the inbound topics have `sources`."""
        return 1 if self.partitions is Partitions.ONE else sources

    @property
    def config(self) -> dict[str, str]:
        """Kafka's settings to create it with."""
        lag = {"min.compaction.lag.ms": str(COMPACTED_AFTER_MS)} if self.cleanup_policy == "compact" else {}
        return {"cleanup.policy": self.cleanup_policy, **lag}


def _topic(name: str, role: Role, key: str, purpose: str) -> Topic:
    return Topic(name, role, Partitions.AS_SOURCES, "delete", key, purpose)


TOPICS: tuple[Topic, ...] = (
    _topic(TRANSACTIONS, Role.INBOUND, "user_id", "what users do with money"),
    _topic(USERS, Role.INBOUND, "user_id", "logins, sessions, devices and profiles"),
    _topic(CIRCLES, Role.INBOUND, "circle_id", "savings circles: members, contributions, payouts"),
    _topic(REMITTANCES, Role.INBOUND, "sender_id", "money sent abroad, and exchange rates"),
    _topic(FRAUD_ALERTS, Role.OUTBOUND, "user_id", "real-time fraud score alerts (HIGH and CRITICAL)"),
    _topic(TIER_CHANGES, Role.OUTBOUND, "circle_id", "circle health tier transitions"),
    _topic(ATO_ALERTS, Role.OUTBOUND, "user_id", "account takeover risk alerts"),
    _topic(COMPLIANCE_ALERTS, Role.OUTBOUND, "user_id", "regulatory compliance alerts (CTR, structuring, ...)"),
    _topic(EDD_TRIGGERS, Role.OUTBOUND, "user_id", "enhanced due diligence triggers"),
    _topic(REJECTED, Role.INTERNAL, "rejected_id", "records that could not be used, with every reason"),
    _topic(JOURNAL, Role.INTERNAL, "partition", "what each checkpoint processed, in order"),
    Topic(RATES, Role.INTERNAL, Partitions.ONE, "compact", "BASE/QUOTE", "the latest exchange rate of each pair"),
    Topic(
        CORRIDORS, Role.INTERNAL, Partitions.ONE, "compact", "corridor", "what remittances of a corridor usually are"
    ),
    _topic(
        MOVEMENTS, Role.INTERNAL, "user_id or corridor", "movements of users whom another topic's key does not name"
    ),
    _topic(CONTROL, Role.INTERNAL, "user_id", "what operators decided; only their console may write it"),
    _topic(REKEYED_TRANSACTIONS, Role.INTERNAL, "user_id", "transaction events that came under a wrong key"),
    _topic(REKEYED_USERS, Role.INTERNAL, "user_id", "user events that came under a wrong key"),
    _topic(REKEYED_CIRCLES, Role.INTERNAL, "circle_id", "circle events that came under a wrong key"),
    _topic(REKEYED_REMITTANCES, Role.INTERNAL, "sender_id", "remittance events that came under a wrong key"),
    _topic(MEMBERS, Role.INTERNAL, "user_id", "what circles' events change in their members' standing"),
)

REKEYED: dict[str, str] = {
    TRANSACTIONS: REKEYED_TRANSACTIONS,
    USERS: REKEYED_USERS,
    CIRCLES: REKEYED_CIRCLES,
    REMITTANCES: REKEYED_REMITTANCES,
}
"""Inbound topic to the internal one that carries the same events under the right key."""

EVENT_TYPES: dict[str, tuple[str, ...]] = {
    TRANSACTIONS: (
        "transaction-initiated",
        "transaction-completed",
        "transaction-failed",
        "transaction-flagged",
    ),
    USERS: (
        "user-registered",
        "user-verified",
        "user-profile-updated",
        "login-attempt",
        "login-success",
        "login-failed",
        "session-started",
        "session-ended",
        "device-registered",
        "user-action-performed",
    ),
    CIRCLES: (
        "circle-created",
        "circle-member-joined",
        "circle-member-dropped",
        "circle-contribution-received",
        "circle-contribution-missed",
        "circle-payout-executed",
        "circle-completed",
        "circle-failed",
    ),
    REMITTANCES: (
        "remittance-initiated",
        "remittance-processing",
        "remittance-completed",
        "remittance-failed",
        "exchange-rate-updated",
    ),
}
"""Inbound topic to the event types registered for it (runbook appendix B)."""

INTERNAL_TYPES: dict[str, tuple[str, ...]] = {
    CONTROL: ("profile-disposition", "alert-disposition", "exchange-rate-confirmed"),
    MEMBERS: ("member-changed",),
    MOVEMENTS: ("money-moved", "money-returned", "corridor-remittance"),
}
"""Lakay's own event types, by topic: from operators and from other partitions, in the envelope that Trebanx's have."""

TOPIC_OF: dict[str, str] = {
    event_type: topic for topic, types in (EVENT_TYPES | INTERNAL_TYPES).items() for event_type in types
}
"""Event type to the topic it comes on."""

SOURCES: tuple[str, ...] = (*EVENT_TYPES, *REKEYED.values(), *INTERNAL_TYPES)
"""Every topic that the agents read, all with one partition count."""
