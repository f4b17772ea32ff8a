"""From findings to one score, a tier and a recommendation.

Each rule has a weight: the most it may contribute, at a score of 1. Rules that look at the same thing from several
sides form a family, of which only the strongest contributes: a journey changes country and network at once, and that is
one sign, not two. Families are taken as independent and combined by noisy-or, the probability that at least one of
independent causes is real:

    contribution(family) = max over its findings of weight x score
    composite = 1 - product over families of (1 - contribution)

The composite is in [0, 1], needs no cap, and never falls when a finding is added or grows. The weights are chosen
against the default tiers (medium 0.3, high 0.6, critical 0.8) so that

- CTR warnings, a new device, a new country, a changed profile and a large or unusual amount stay below high alone, and
  so do all amount rules together, at whatever hour: moving much of one's own money is legal;
- new device with a new place, with a large or unusual amount, or with a changed profile is high;
- a currency without a rate is medium by itself, whatever the tiers are set to;
- impossible travel, login velocity at the login, five tiny transactions, seven failures, or 1.8 times the transactions
  of an hour are high alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.frozen import Frozen


class Weight(Frozen):
    """A rule's family, and the most it contributes to the composite."""

    family: str
    most: float


WEIGHTS: Mapping[str, Weight] = {
    "large_transaction": Weight("amount", 0.57),
    "unusual_amount": Weight("amount", 0.57),
    "amount_24h": Weight("amount", 0.57),
    "ctr_single": Weight("amount", 0.45),
    "ctr_daily": Weight("amount", 0.45),
    "unusual_hour": Weight("time", 0.06),
    "transaction_count_1h": Weight("pace", 0.70),
    "card_testing": Weight("testing", 0.78),
    "failed_transactions": Weight("failures", 0.60),
    "login_velocity": Weight("login", 0.70),
    "new_device": Weight("device", 0.35),
    "impossible_travel": Weight("place", 0.75),
    "device_and_geography": Weight("place", 0.50),
    "new_country": Weight("place", 0.35),
    "ip_change": Weight("place", 0.10),
    "profile_change": Weight("profile", 0.40),
    "unknown_currency": Weight("data", 0.35),
}

AT_LEAST_MEDIUM = frozenset({"unknown_currency"})
"""Where the amount is not known, no rule could judge it, and what nothing was found in is not low risk."""

RECOMMENDATIONS: Mapping[str, str] = {"low": "allow", "medium": "monitor", "high": "review", "critical": "block"}


def composite_score(findings: Iterable[Finding]) -> float:
    """Return the findings' common score in [0, 1], to six digits; 0 without findings."""
    strongest: dict[str, float] = {}
    for finding in findings:
        weight = WEIGHTS[finding.rule]
        contribution = weight.most * finding.score
        if contribution > strongest.get(weight.family, 0.0):
            strongest[weight.family] = contribution
    doubt = 1.0
    for contribution in strongest.values():
        doubt *= 1.0 - contribution
    return round(1.0 - doubt, 6)


def fraud_score(findings: Iterable[Finding], limits: FraudLimits) -> float:
    """Return the composite, at least medium where a finding of `AT_LEAST_MEDIUM` is among them."""
    found = tuple(findings)
    score = composite_score(found)
    blind = any(finding.rule in AT_LEAST_MEDIUM for finding in found)
    return max(score, limits.medium_threshold) if blind else score


def risk_tier(score: float, limits: FraudLimits) -> str:
    """Return low, medium, high or critical; a score at a threshold is in the higher tier."""
    if score < limits.medium_threshold:
        return "low"
    if score < limits.high_threshold:
        return "medium"
    return "high" if score < limits.critical_threshold else "critical"


def decisive(findings: tuple[Finding, ...], limits: FraudLimits) -> tuple[str, ...]:
    """Return what would have kept the composite below high, for each finding without which it would have been."""
    return tuple(
        finding.otherwise.removesuffix(", no finding") + ", no alert"
        for finding in findings
        if fraud_score((other for other in findings if other is not finding), limits) < limits.high_threshold
    )


def recommendation(tier: str) -> str:
    """Return what to do about a tier: allow, monitor, review or block."""
    return RECOMMENDATIONS[tier]
