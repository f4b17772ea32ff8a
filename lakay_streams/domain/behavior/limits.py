"""The limits of behaviour profiles and account takeover: the BEHAVIOR_* settings, and the constants that go with them.

`settings` fills this record from the environment. The runbook (section 2.3) fixes three weights; the others are this
project's, and all five sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lakay_streams.domain.compliance.words import DEFAULT_SYNONYMS
from lakay_streams.domain.known import SETTLE_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class BehaviorLimits:
    """Thresholds of the behaviour domain. Weights and scores are in [0, 1], times in ms."""

    min_sessions_active: int = 10
    ema_decay_rate: float = 0.15
    staleness_ms: int = 30 * DAY_MS
    temporal_weight: float = 0.15
    device_weight: float = 0.25
    geo_weight: float = 0.25
    amount_weight: float = 0.25
    activity_weight: float = 0.10
    stale_tolerance: float = 1.5
    """How much wider each tolerance band of a stale profile is: limits times it, yes-or-no signs divided by it."""

    medium_threshold: float = 0.3
    high_threshold: float = 0.6
    critical_threshold: float = 0.8
    ato_window_ms: int = DAY_MS
    """How long a step of a takeover counts towards the steps that follow it."""
    ato_dedup_ms: int = DAY_MS

    session_idle_ms: int = 30 * MINUTE_MS
    """A session without an end is over after so long without an event."""
    settle_ms: int = SETTLE_MS
    """How long a session in doubt is held back before the profile learns from it."""
    suspect_ms: int = 30 * DAY_MS
    """How long the device and network of a takeover teach the profile nothing, whatever they do."""

    guess_gap_ms: int = HOUR_MS
    """Refused logins closer together than this are one attempt at guessing the password."""
    guesses_min: int = 3
    """Refused logins of a stranger that look like guessing, for a user who never mistypes."""
    synonyms: Mapping[str, str] = field(default_factory=lambda: DEFAULT_SYNONYMS)
    """What words of transactions' `type` mean (`compliance.words`)."""


DEFAULT_LIMITS = BehaviorLimits()
"""The runbook's defaults, and this project's where it is silent."""
