"""Profile change: shortly before, a detail changed that lets someone take the account over or empty it.

Source: this project's. Input: the last user-profile-updated that touched a `SENSITIVE` field, and the time since.
Result: a finding on transactions within `profile_change_memory_ms` after it. People change telephone numbers: alone it
never makes an event high risk. The score is constant.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits

NAME = "profile_change"

SENSITIVE = frozenset(
    {"email", "phone", "phone_number", "password", "pin", "mfa", "two_factor", "security_question"}
    | {"bank_account", "payout_account", "payout_method", "payment_method"}
)
"""Profile fields whose change matters here; an address or a picture is none."""


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when a sensitive detail changed shortly before."""
    change = facts.state.profile_change
    if change is None:
        return None
    since = facts.event.occurred_at - change.at
    if not 0 <= since <= limits.profile_change_memory_ms:
        return None
    hours = since / HOUR_MS
    return Finding(
        NAME,
        1.0,
        f"Changed {hours:.1f} hours before: {', '.join(change.fields)}",
        {
            "changed_fields": list(change.fields),
            "hours_since": round(hours, 3),
            "threshold_hours": limits.profile_change_memory_ms / HOUR_MS,
        },
        tuple(filter(None, (change.event_id, facts.event.event_id))),
        f"{limits.profile_change_memory_ms / HOUR_MS - hours:.1f} hours later, no finding",
    )
