"""Circular flow: money goes to somebody and comes back from them, with nothing done by it.

Source: FATF, Trade-based and professional laundering typologies ("round-tripping"); 31 CFR 1022.320. Only circles of
two are seen: a state knows one customer's movements, and a longer circle lies in several. Input: movements with one
counterparty within three days, each way. Result: a finding where 1,000 US dollars at least went out and 90 to 100% of
it came back, or the other way round. Confidence: 0.5, and up to 0.2 for closeness, 0.3 for how often (three times).
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import REVIEW, SAR, SAR_MIN_MINOR, ComplianceFinding, Pair, Signal
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import confidence_of, found
from lakay_streams.domain.compliance.limits import HOUR_MS
from lakay_streams.domain.compliance.movement import IN, REMITTANCE, TRANSFER
from lakay_streams.domain.compliance.state import within
from lakay_streams.domain.money import usd

NAME = "circular_flow"
REGULATION = "31 CFR 1022.320"

_BETWEEN_USERS = frozenset({TRANSFER, REMITTANCE})


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when what went to one counterparty came back."""
    movement, limits = facts.movement, facts.limits
    if movement is not None:
        if movement.channel not in _BETWEEN_USERS or not movement.counterparty:
            return None
        direction, other = movement.direction, movement.counterparty
        if not [1 for each in facts.state.movements if each.direction != direction and each.counterparty == other]:
            return None
    end = facts.end(limits.circular_ms)
    since = end - limits.circular_ms
    recent = [each for each in within(facts.state, since, end) if each.channel in _BETWEEN_USERS and each.counterparty]
    others = {movement.counterparty} if movement is not None else {each.counterparty for each in recent}
    for other in sorted(others):
        with_other = [each for each in recent if each.counterparty == other]
        came = [each for each in with_other if each.direction == IN]
        went = [each for each in with_other if each.direction != IN]
        came_in, left = sum(each.dollars for each in came), sum(each.dollars for each in went)
        less, more = sorted((came_in, left))
        if less < limits.circular_ratio * more or more < limits.circular_floor_minor:
            continue
        ratio, times = less / more, min(len(came), len(went))
        signals = (
            Signal("base", 1.0, 0.5, "what went out came back"),
            Signal(
                "closeness",
                round((ratio - limits.circular_ratio) / (1 - limits.circular_ratio), 4),
                0.2,
                f"{ratio:.0%}",
            ),
            Signal("repetition", min(1.0, (times - 1) / 2), 0.3, f"{times} times"),
        )
        confidence = confidence_of(signals)
        pairs = tuple(
            Pair(one.id, another.id, min(one.dollars, another.dollars))
            for one, another in zip(came, went, strict=False)
        )
        return found(
            facts,
            rule=NAME,
            regulation=REGULATION,
            confidence=confidence,
            recommendation=SAR if confidence >= limits.sar_confidence and more >= SAR_MIN_MINOR else REVIEW,
            reason=f"{usd(left)} went to one other user and {usd(came_in)} came back, "
            f"within {limits.circular_ms // HOUR_MS} hours",
            movements=with_other,
            missing=facts.is_truncated(since),
            pairs=pairs,
            signals=signals,
            values={"came_in_minor": came_in, "left_minor": left, "ratio_min": limits.circular_ratio},
        )
    return None
