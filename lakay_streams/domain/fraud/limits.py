"""The limits of the fraud rules: the runbook's FRAUD_* settings, and the constants that go with them.

`settings` fills this record from the environment; amounts arrive there in US dollars and are US cents here.
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
class FraudLimits:
    """Thresholds of the fraud rules. A "max" is the most that is still fine; a "min" or "threshold" counts itself.

    The first eight are the runbook's (section 2.3); `medium_threshold` is its serving threshold `low_max`.
    """

    login_count_max: int = 5
    """Logins within `login_window_ms`; below 64, where the count saturates."""
    txn_count_1h_max: int = 10
    txn_amount_24h_max_minor: int = 10_000_00
    large_txn_min_minor: int = 3_000_00
    ctr_single_threshold_minor: int = 8_000_00
    ctr_daily_threshold_minor: int = 9_000_00
    high_threshold: float = 0.6
    critical_threshold: float = 0.8
    medium_threshold: float = 0.3

    login_window_ms: int = 10 * MINUTE_MS
    login_memory_ms: int = HOUR_MS
    """How long a login velocity finding counts against the transactions that follow."""

    failed_txn_min: int = 3
    """Failed transactions within an hour: one or two are a mistyped number."""
    small_txn_max_minor: int = 10_00
    """A card is tested with amounts no remittance has: transfers start near 20 USD."""
    small_txn_count_min: int = 4
    small_txn_window_ms: int = 6 * HOUR_MS

    amount_warm_up: int = 5
    """Transactions before "usual" means anything."""
    amount_spreads: float = 3.0
    amount_min_spread: float = 0.4
    """Least spread of log amounts: with three of it, a steady sender's usual amount times 3.3 is unusual."""
    unusual_amount_floor_minor: int = 100_00
    """Below this an amount is never unusual, however small the usual one is."""

    hour_warm_up: int = 10
    """Sessions before an hour can be unusual."""
    hour_oddness_min: float = 0.5

    travel_speed_max_kmh: float = 900.0
    """Cruising speed of an airliner."""
    travel_distance_min_km: float = 100.0
    """Coarse geolocation of one address errs by tens of kilometres."""
    travel_memory_ms: int = HOUR_MS
    """How long an impossible journey counts against the transactions that follow."""

    settle_ms: int = SETTLE_MS
    """How long a device, country or network has to be known before it is not new any more."""
    profile_change_memory_ms: int = DAY_MS
    synonyms: Mapping[str, str] = field(default_factory=lambda: DEFAULT_SYNONYMS)
    """What words of transactions' `type` mean (`compliance.words`)."""


DEFAULT_LIMITS = FraudLimits()
"""The runbook's defaults."""
