"""Login velocity: more logins in a few minutes than a person makes.

Source: runbook section 2.3, FRAUD_LOGIN_COUNT_MAX; log event `login_velocity_alert` (section 9.6). Detects password
guessing and credential stuffing. Input: the logins within `login_window_ms` (event time), failed ones included.
Result on a login: a finding when the count exceeds the limit, once per window, however many logins follow. Result on
a transaction: a weaker finding for `login_memory_ms` after such a login. The score never falls as the count grows.
"""

from __future__ import annotations

from operator import itemgetter

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.events import TransactionInitiated
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import MINUTE_MS, FraudLimits
from lakay_streams.domain.recent import TIMES_KEPT, ids_within

NAME = "login_velocity"
STRONG = 0.9
ON_A_TRANSACTION = 0.57
"""A user who mistyped six times and then pays is an ordinary sight; the login itself was already found."""


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when too many logins came just before or with this event."""
    at, alert = facts.event.occurred_at, facts.state.login_alert
    if isinstance(facts.event, TransactionInitiated):
        if alert is None or not 0 <= at - alert.at <= limits.login_memory_ms or alert.logins <= limits.login_count_max:
            return None
        return _finding(facts, limits, alert.logins, alert.at, ON_A_TRANSACTION)
    if facts.logins <= limits.login_count_max:
        return None
    if alert is not None and abs(at - alert.at) < limits.login_window_ms:
        return None
    return _finding(facts, limits, facts.logins, at, _strength(facts.logins, limits))


def _strength(count: int, limits: FraudLimits) -> float:
    return max(STRONG, graded(count, limits.login_count_max, 3 * limits.login_count_max))


def _finding(facts: Facts, limits: FraudLimits, count: int, at: int, score: float) -> Finding:
    minutes = limits.login_window_ms / MINUTE_MS
    since = at - limits.login_window_ms
    told = (facts.state.login_attempts, facts.state.login_outcomes)
    named = sorted((each for recent in told for each in recent.ids), key=itemgetter(0))
    ids = tuple(event_id for moment, event_id in named if since < moment <= at and event_id)
    truncated = any(ids_within(recent, since, at)[1] for recent in told)
    over = count - limits.login_count_max
    return Finding(
        NAME,
        score,
        f"{count} logins within {minutes:g} minutes, where {limits.login_count_max} are usual at most",
        {
            "logins": count,
            "threshold": limits.login_count_max,
            "margin": over,
            "window_minutes": minutes,
            "evidence_truncated": truncated or count >= TIMES_KEPT,
        },
        tuple(dict.fromkeys((*ids, facts.event.event_id))),
        f"{over} fewer login{'s' if over > 1 else ''} within {minutes:g} minutes, no finding",
    )
