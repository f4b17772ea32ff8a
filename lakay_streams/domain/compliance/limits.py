"""The limits of compliance: the COMPLIANCE_* settings, and the constants that go with them.

`settings` fills this record from the environment; amounts arrive there in US dollars and are US cents here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lakay_streams.domain.business_day import NEW_YORK, Zone
from lakay_streams.domain.compliance.countries import NO_COUNTRIES, HighRiskCountries
from lakay_streams.domain.compliance.words import DEFAULT_SYNONYMS

INITIATED, PROCESSING = "initiated", "processing"

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class ComplianceLimits:
    """Thresholds of the compliance rules. "threshold" is the most that is still fine; a "min" or "floor" counts itself.

    Amounts are US cents, times ms, scores and ratios in [0, 1].
    """

    ctr_threshold_minor: int = 10_000_00
    ctr_warning_minor: int = 9_000_00
    ctr_enabled: bool = True
    assume_cash: bool = True
    zone: Zone = NEW_YORK
    rapid_movement_ms: int = DAY_MS
    rapid_movement_ratio: float = 0.80
    rapid_movement_floor_minor: int = 900_00
    volume_multiplier: float = 3.0
    volume_floor_minor: int = 5_000_00
    lookback_days: int = 30
    sar_confidence: float = 0.70
    risk_low_max: float = 0.30
    risk_medium_max: float = 0.60
    risk_high_max: float = 0.80
    countries: HighRiskCountries = NO_COUNTRIES

    recordkeeping_minor: int = 3_000_00
    """31 CFR 1010.410(e) and (f), 1010.415: records are kept of transmittals and monetary instruments from here on."""

    structuring_confidence_min: float = 0.56
    """Below it several amounts under the threshold are what an honest trader brings."""
    structuring_mean_min_minor: int = 500_00
    """Over weeks, smaller amounts are not parts of a larger one: who splits has an end to reach."""

    volume_history_days: int = 30
    volume_active_days_min: int = 5
    """Days with movements in the history after which a customer's habits are known before its end."""

    funnel_ms: int = 10 * DAY_MS
    funnel_senders_min: int = 4
    funnel_ratio: float = 0.6
    funnel_floor_minor: int = 1_000_00
    fan_in_senders_min: int = 10
    """So many senders are a funnel, whatever happens to the money afterwards."""

    circular_ms: int = 3 * DAY_MS
    circular_ratio: float = 0.9
    circular_floor_minor: int = 1_000_00

    corridor_history_min: int = 50
    """Remittances of a corridor before its peers mean anything."""
    corridor_confidence_min: float = 0.7
    corridor_floor_minor: int = 1_000_00

    fading_from_days: int = 30
    fading_until_days: int = 180
    """A review recommended so long ago raises a customer's risk less, and then no more."""

    continues_ms: int = 30 * DAY_MS
    """How long after its detection an alert is updated; what goes on then is a new one."""
    retention_ms: int = 400 * DAY_MS
    """How long each movement is known by its id after it was told of last, and each business day with it."""
    receipt: str = INITIATED
    """Which event of a remittance says that its cash was handed in: initiated, or processing."""
    synonyms: Mapping[str, str] = field(default_factory=lambda: DEFAULT_SYNONYMS)
    """What words of transactions' `type` mean, beside the channels' own."""

    details_ms: int = field(init=False, default=0)
    """How long movements are kept one by one: as long as the longest rule looks back, at most 93 days."""
    days_kept: int = field(init=False, default=0)
    """For how many business days totals are kept: the lookback, and as long before it as a history to compare."""

    def __post_init__(self) -> None:
        """Reckon once what each event asks for."""
        object.__setattr__(self, "details_ms", min(max(self.lookback_days, 31) + 1, 93) * DAY_MS)
        object.__setattr__(self, "days_kept", max(2 * self.lookback_days, self.volume_history_days) + 2)


DEFAULT_LIMITS = ComplianceLimits()
"""The runbook's defaults, and this project's where it is silent; no list of countries."""
