"""Every word that a worker can send is one that the schema of its topic takes: the archive quarantines what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lakay_streams.contracts import outbound
from lakay_streams.contracts.alerts import LOGIN_VELOCITY, TIER_CHANGE, TRANSACTION_RISK, takeover
from lakay_streams.contracts.topics import ATO_ALERTS, COMPLIANCE_ALERTS, EDD_TRIGGERS, FRAUD_ALERTS, TIER_CHANGES
from lakay_streams.domain.behavior import decide as behavior
from lakay_streams.domain.behavior import profile
from lakay_streams.domain.circles import tiers
from lakay_streams.domain.compliance import alert as compliance
from lakay_streams.domain.compliance import findings, movement, risk, rules
from lakay_streams.domain.fraud import compose
from lakay_streams.domain.fraud.rules import RULES as FRAUD_RULES
from tests.archive.feed import alert
from tests.contracts.outbound import outbound_schema

TOPICS = {
    "fraud-alert": FRAUD_ALERTS,
    "ato-alert": ATO_ALERTS,
    "tier-change": TIER_CHANGES,
    "compliance-alert": COMPLIANCE_ALERTS,
    "edd-trigger": EDD_TRIGGERS,
}

STATUSES = {compliance.OPEN, compliance.WITHDRAWN, compliance.CLEARED}
ADVICE = {text for name, text in vars(compliance).items() if name.isupper() and isinstance(text, str)} - STATUSES
TIERS = set(behavior.TIERS)
CAPITALS = {tier.upper() for tier in TIERS}

WORDS: Mapping[str, Mapping[str, set[str]]] = {
    "fraud-alert": {
        "alert_type": {TRANSACTION_RISK, LOGIN_VELOCITY},
        "risk_tier": set(compose.RECOMMENDATIONS),
        "severity": {tier.upper() for tier in compose.RECOMMENDATIONS},
        "recommendation": set(compose.RECOMMENDATIONS.values()),
    },
    "ato-alert": {
        "alert_type": {behavior.LOGIN, behavior.CHANGE, behavior.TRANSFER},
        "profile_state": {profile.BUILDING, profile.ACTIVE, profile.STALE},
        "risk_tier": TIERS,
        "severity": CAPITALS,
        "recommendation": {takeover.TAKEOVER_RECOMMENDATIONS[tier] for tier in TIERS},
    },
    "tier-change": {"alert_type": {TIER_CHANGE}, "old_tier": set(tiers.TIERS), "new_tier": set(tiers.TIERS)},
    "compliance-alert": {
        "status": STATUSES,
        "rule": set(rules.RULES),
        "recommendation": ADVICE,
        "basis": {movement.STATED, movement.ASSUMED, findings.MIXED},
        "evidence.movements.direction": {movement.IN, movement.OUT},
        "evidence.movements.cash": {movement.IN, movement.OUT},
        "evidence.movements.cash_basis": {movement.STATED, movement.ASSUMED},
    },
    "edd-trigger": {
        "risk_level": set(risk.LEVELS[risk.LEVELS.index("high") :]),
        "previous_level": set(risk.LEVELS[:-1]),
    },
    "rejected": {},
}
"""All that the domain may say in a field whose words a schema lists."""


def listed(described: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield the path of each field whose words a schema lists, and the words."""
    for name, inner in described.get("properties", {}).items():
        own = f"{path}.{name}" if path else name
        if "items" in inner:
            inner = inner["items"]
        words = inner.get("enum", [inner["const"]] if "const" in inner else [])
        if words and not own.endswith("_version"):
            yield own, {word for word in words if word is not None}
        yield from listed(inner, own)


@pytest.mark.parametrize("name", outbound.TYPES)
def test_the_words_that_a_schema_lists_are_those_that_the_domain_says(name: str) -> None:
    assert dict(listed(outbound_schema(name))) == WORDS[name]


def with_word(document: dict[str, Any], path: str, word: str) -> dict[str, Any]:
    """Return an alert that says `word` at `path`."""
    *way, field = path.split(".")
    place: Any = document
    for step in way:
        place = place[step]
        place = place[0] if isinstance(place, list) else place
    place[field] = word
    return document


def faults(name: str, document: dict[str, Any]) -> tuple[str, ...]:
    return outbound.load(name).faults(json.dumps(document).encode(), document)


@pytest.mark.parametrize("name", TOPICS)
def test_an_alert_with_any_of_them_keeps_to_its_contract(name: str) -> None:
    told = [(path, word) for path, words in WORDS[name].items() for word in sorted(words)]
    if name in {"fraud-alert", "ato-alert"}:
        told += [("findings.rule", rule) for rule in FRAUD_RULES]
    for path, word in told:
        assert faults(name, with_word(alert(TOPICS[name], 1), path, word)) == (), (path, word)
        if path in WORDS[name]:
            assert faults(name, with_word(alert(TOPICS[name], 1), path, f"{word}x")), "what is none is not taken"
