"""Rapid movement: most of what came in leaves again within a day, as through a pass-through account.

Source: 31 CFR 1022.320(a)(2) (transactions without an apparent lawful purpose); FFIEC BSA/AML manual, appendix F
("funds transfers ... in and out in a short time"); runbook section 2.3, COMPLIANCE_RAPID_MOVEMENT_HOURS and
COMPLIANCE_RAPID_MOVEMENT_RATIO. What came in is matched with what left, first in, first out, within the hours given, a
movement exactly so old included. A circle's payout is foretold by its plan: it takes its turn in the matching and
counts for nothing. Money brought to be sent on at once never came in.

Input: US cents that came in within the hours before the last movement that left, 900 US dollars at least, and what of
it left. Result: a finding from the ratio on. Confidence: 0.35, and up to 0.20 for the share that left, 0.15 for speed,
0.30 for how often it happened (three times is all), so that once alone recommends a review only.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import REVIEW, SAR, SAR_MIN_MINOR, ComplianceFinding, Signal
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import confidence_of, found, totals_of
from lakay_streams.domain.compliance.limits import HOUR_MS
from lakay_streams.domain.compliance.matching import as_evidence, match
from lakay_streams.domain.compliance.movement import IN, PAYOUT, Movement
from lakay_streams.domain.compliance.state import within
from lakay_streams.domain.money import usd

NAME = "rapid_movement"
REGULATION = "31 CFR 1022.320"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when most of what came in has left."""
    movement, limits = facts.movement, facts.limits
    window = limits.rapid_movement_ms
    if movement is not None and (movement.channel == PAYOUT or not (movement.direction == IN or movement.from_balance)):
        return None
    end = facts.end(window)
    came = [each for each in within(facts.state, end - window, end) if each.direction == IN and each.channel != PAYOUT]
    total = sum([each.dollars for each in came])
    if total < limits.rapid_movement_floor_minor or not any(each.from_balance for each in facts.state.movements):
        return None
    since = facts.since(NAME, came[0].at)
    pairs = [
        pair
        for pair in match(within(facts.state, since - window, end), window)
        if pair[0].channel != PAYOUT and pair[0].at >= since
    ]
    of_each: dict[str, int] = {}
    for money_in, _, cents in pairs:
        of_each[money_in.id] = of_each.get(money_in.id, 0) + cents
    left = sum(of_each.get(each.id, 0) for each in came)
    ratio = left / total
    if ratio < limits.rapid_movement_ratio:
        return None
    times = _times(pairs, of_each, limits.rapid_movement_ratio, limits.rapid_movement_floor_minor, window)
    held = sum((out.at - money_in.at) * cents for money_in, out, cents in pairs) / max(1, sum(of_each.values()))
    signals = (
        Signal("base", 1.0, 0.35, "most of what came in has left"),
        Signal("share", round(min(1.0, max(0.0, (ratio - 0.8) / 0.2)), 4), 0.2, f"{ratio:.1%} of it left"),
        Signal("speed", round(max(0.0, 1.0 - held / window), 4), 0.15, f"after {held / HOUR_MS:.1f} hours on average"),
        Signal("repetition", min(1.0, (times - 1) / 2), 0.3, f"{times} times"),
    )
    confidence = confidence_of(signals)
    involved = _in_order(pairs)
    totals = totals_of(involved)
    reported = confidence >= limits.sar_confidence and totals.in_minor >= SAR_MIN_MINOR
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=confidence,
        recommendation=SAR if reported else REVIEW,
        reason=f"{usd(left)} of {usd(total)} that came in left again within {window // HOUR_MS} hours, "
        f"{times} times by now",
        movements=involved,
        missing=facts.is_truncated(since),
        totals=totals,
        pairs=as_evidence(pairs),
        signals=signals,
        values={
            "ratio": round(ratio, 4),
            "ratio_min": limits.rapid_movement_ratio,
            "hours": window // HOUR_MS,
            "in_minor": total,
            "left_minor": left,
            "times": times,
        },
    )


def _times(
    pairs: list[tuple[Movement, Movement, int]], of_each: dict[str, int], ratio: float, floor: int, window: int
) -> int:
    """Return how often it happened: groups of money that came in within one window and left by the ratio."""
    groups: list[list[int]] = []
    began = None
    for came in {pair[0].id: pair[0] for pair in pairs}.values():
        if began is None or came.at - began > window:
            began = came.at
            groups.append([0, 0])
        groups[-1][0] += came.dollars
        groups[-1][1] += of_each[came.id]
    return max(1, sum(total >= floor and left >= ratio * total for total, left in groups))


def _in_order(pairs: list[tuple[Movement, Movement, int]]) -> list[Movement]:
    found = {movement.id: movement for money_in, out, _ in pairs for movement in (money_in, out)}
    return sorted(found.values(), key=lambda each: each.at)
