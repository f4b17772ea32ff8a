"""The settings of each domain and of serving, which every decision depends on (runbook 2.3 and 6.4)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from lakay_streams.domain.compliance.words import DEFAULT_SYNONYMS
from lakay_streams.settings.kinds import (
    BusinessZone,
    Count,
    FilerText,
    Group,
    Ratio,
    Synonyms,
    Threshold,
    Topic,
    Usd,
    synonyms_in,
)

FEDERAL_CTR_THRESHOLD = Decimal(10_000)
"""US dollars, 31 CFR 1010.311: a report is due above it, and no setting may raise it."""


FINCEN_SCHEMAS = {"ctr": "EFL_CTRXBatchSchema.xsd", "sar": "EFL_SARXBatchSchema.xsd"}
"""FinCEN's own names of the files that its batches are checked with."""


class FraudSettings(Group):
    """Velocity, amounts and alert thresholds of the fraud domain."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_")

    login_count_max: Annotated[int, Field(ge=1, le=63)] = 5
    """Logins in the velocity window (10 minutes) before they are flagged; at most 63, where the count saturates."""
    txn_count_1h_max: Count = 10
    """Transactions in one hour before they are flagged."""
    txn_amount_24h_max: Usd = Decimal("10000.0")
    """US dollars that a user moves in 24 hours before it is flagged."""
    large_txn_min: Usd = Decimal("3000.0")
    """US dollars from which one transaction is large."""
    ctr_single_threshold: Usd = Decimal("8000.0")
    """US dollars of one transaction that warn of a currency transaction report."""
    ctr_daily_threshold: Usd = Decimal("9000.0")
    """US dollars in one business day that warn of a currency transaction report."""
    high_threshold: Threshold = 0.6
    """Composite score from which a transaction is HIGH, and alerted."""
    critical_threshold: Threshold = 0.8
    """Composite score from which a transaction is CRITICAL."""
    alert_kafka_topic: Topic = "lakay.fraud.alerts"
    """Topic of the fraud alerts."""

    @model_validator(mode="after")
    def _critical_above_high(self) -> Self:
        if self.critical_threshold <= self.high_threshold:
            raise ValueError(
                f"FRAUD_CRITICAL_THRESHOLD={self.critical_threshold} must be above "
                f"FRAUD_HIGH_THRESHOLD={self.high_threshold}: raise the first or lower the second"
            )
        return self


class CircleSettings(Group):
    """Weights of the circle health score, and its tiers."""

    model_config = SettingsConfigDict(env_prefix="CIRCLE_")

    contribution_weight: Ratio = 0.35
    """Weight of contribution reliability."""
    membership_weight: Ratio = 0.25
    """Weight of membership stability."""
    financial_weight: Ratio = 0.25
    """Weight of financial progress."""
    trust_weight: Ratio = 0.15
    """Weight of trust and integrity."""
    healthy_threshold: Threshold = 0.9
    """Health score from which a circle is healthy."""
    watch_threshold: Threshold = 0.75
    """Health score from which a circle is on watch."""
    at_risk_threshold: Threshold = 0.5
    """Health score from which a circle is at risk; below it, critical."""
    hysteresis_margin: Annotated[float, Field(ge=0, le=0.2, allow_inf_nan=False)] = 0.03
    """How far above a threshold a circle's score has to be to rise to its tier; it falls at the threshold."""
    tier_change_topic: Topic = "lakay.circles.tier-changes"
    """Topic of the tier changes."""

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        total = self.contribution_weight + self.membership_weight + self.financial_weight + self.trust_weight
        if abs(total - 1.0) > 1e-6:
            raise ValueError(
                "CIRCLE_CONTRIBUTION_WEIGHT, CIRCLE_MEMBERSHIP_WEIGHT, CIRCLE_FINANCIAL_WEIGHT and "
                f"CIRCLE_TRUST_WEIGHT sum to {total:g}: change them so that they sum to 1.0"
            )
        return self

    @model_validator(mode="after")
    def _tiers_can_be_reached(self) -> Self:
        thresholds = {
            "CIRCLE_AT_RISK_THRESHOLD": self.at_risk_threshold,
            "CIRCLE_WATCH_THRESHOLD": self.watch_threshold,
            "CIRCLE_HEALTHY_THRESHOLD": self.healthy_threshold,
        }
        for (lower, low), (higher, high) in pairwise(thresholds.items()):
            if high <= low:
                raise ValueError(
                    f"{higher}={high:g} must be above {lower}={low:g}: raise the first or lower the second"
                )
        if self.healthy_threshold + self.hysteresis_margin > 1.0:
            raise ValueError(
                f"CIRCLE_HEALTHY_THRESHOLD={self.healthy_threshold:g} and "
                f"CIRCLE_HYSTERESIS_MARGIN={self.hysteresis_margin:g} sum to more than 1.0, which no circle reaches: "
                "lower one of them"
            )
        return self


class BehaviorSettings(Group):
    """Behaviour profiles and account takeover."""

    model_config = SettingsConfigDict(env_prefix="BEHAVIOR_")

    min_sessions_active: Count = 10
    """Sessions before a profile is active."""
    ema_decay_rate: Threshold = 0.15
    """Share of the newest observation in a moving average."""
    staleness_days: Count = 30
    """Days without activity before a profile is stale."""
    temporal_weight: Ratio = 0.15
    """Weight of unusual times."""
    device_weight: Ratio = 0.25
    """Weight of unusual devices."""
    geo_weight: Ratio = 0.25
    """Weight of unusual places."""
    amount_weight: Ratio | None = None
    """Weight of unusual amounts; what the other weights leave of 1.0 unless set."""
    activity_weight: Ratio = 0.10
    """Weight of sessions of unusual length or with unusually many actions; the five weights sum to 1.0."""
    stale_tolerance: Annotated[float, Field(ge=1, le=10)] = 1.5
    """Times as wide are the tolerance bands of a stale profile: limits times it, yes-or-no signs divided by it."""
    session_idle_minutes: Count = 30
    """Minutes without an event after which a session without an end is over."""
    ato_window_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """Hours for which a step of a takeover counts towards the next ones."""
    ato_medium_threshold: Threshold = 0.3
    """Takeover score from which an event is MEDIUM."""
    ato_high_threshold: Threshold = 0.6
    """Takeover score from which an event is HIGH, alerted, and its session never learned."""
    ato_critical_threshold: Threshold = 0.8
    """Takeover score from which an event is CRITICAL."""
    ato_dedup_window: Count = 86400
    """Seconds of event time in which one kind of takeover is alerted once per user, unless its tier rises."""
    ato_kafka_topic: Topic = "lakay.behavior.ato-alerts"
    """Topic of the account takeover alerts."""

    @property
    def amount_weight_in_force(self) -> float:
        """The weight of unusual amounts: its own, or what the others leave of 1.0."""
        if self.amount_weight is not None:
            return self.amount_weight
        return round(1.0 - self.temporal_weight - self.device_weight - self.geo_weight - self.activity_weight, 9)

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        others = self.temporal_weight + self.device_weight + self.geo_weight + self.activity_weight
        total = others + max(0.0, self.amount_weight_in_force)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(
                "BEHAVIOR_TEMPORAL_WEIGHT, BEHAVIOR_DEVICE_WEIGHT, BEHAVIOR_GEO_WEIGHT, BEHAVIOR_ACTIVITY_WEIGHT and "
                f"BEHAVIOR_AMOUNT_WEIGHT sum to {total:g}: change them so that they sum to 1.0"
            )
        return self

    @model_validator(mode="after")
    def _thresholds_rise(self) -> Self:
        thresholds = {
            "BEHAVIOR_ATO_MEDIUM_THRESHOLD": self.ato_medium_threshold,
            "BEHAVIOR_ATO_HIGH_THRESHOLD": self.ato_high_threshold,
            "BEHAVIOR_ATO_CRITICAL_THRESHOLD": self.ato_critical_threshold,
        }
        for (lower, low), (higher, high) in pairwise(thresholds.items()):
            if high <= low:
                raise ValueError(
                    f"{higher}={high:g} must be above {lower}={low:g}: raise the first or lower the second"
                )
        return self


class ComplianceSettings(Group):
    """BSA/AML monitoring."""

    model_config = SettingsConfigDict(env_prefix="COMPLIANCE_")

    ctr_threshold: Usd = Decimal("10000.0")
    """US dollars above which a currency transaction report is due; never above 10000 (31 CFR 1010.311)."""
    ctr_enabled: bool = True
    """Whether currency transaction reports are monitored; false stops their alerts and warnings, and nothing else."""
    ctr_warning_threshold: Usd | None = None
    """US dollars of cash in a business day from which a report is announced; 90% of the threshold unless set."""
    assume_cash: bool = True
    """Whether money is taken for cash where no payment method is given; alerts say which was assumed."""
    business_timezone: BusinessZone = "America/New_York"
    """Time zone of the business days that a currency transaction report adds up."""
    rapid_movement_hours: Count = 24
    """Hours in which money that comes in and leaves again is a rapid movement."""
    rapid_movement_ratio: Threshold = 0.80
    """Share of what came in that must leave to be a rapid movement."""
    rapid_movement_floor: Usd = Decimal("900.0")
    """US dollars that must come in within the hours before their leaving is looked at."""
    rate_factor_max: Annotated[Decimal, Field(gt=1, le=1000)] = Decimal("2.0")
    """Times by which an exchange rate may differ from its pair's last; beyond, it is held until it is confirmed."""
    volume_multiplier: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 3.0
    """Times the 30-day mean from which a volume is unusual."""
    volume_floor: Usd = Decimal("5000.0")
    """US dollars of a business day below which no volume is unusual."""
    structuring_lookback_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days over which slow structuring is looked for."""
    sar_confidence: Threshold = 0.70
    """Structuring confidence from which filing a suspicious activity report is recommended."""
    risk_low_max: Ratio = 0.30
    """Customer risk score up to which a customer is low risk."""
    risk_medium_max: Ratio = 0.60
    """Customer risk score up to which a customer is medium risk; above it, enhanced due diligence begins."""
    risk_high_max: Ratio = 0.80
    """Customer risk score up to which a customer is high risk; above it, prohibited."""
    movement_retention_days: Annotated[int, Field(ge=93, le=3650)] = 400
    """Days for which a movement of money is known by its id, and counted once however late the rest is told."""
    remittance_receipt: Literal["initiated", "processing"] = "initiated"
    """Event of a remittance that says that its cash was handed in: the day of a currency transaction report."""
    type_synonyms: Synonyms = ""
    """What Trebanx's words for a transaction's `type` mean, as word=channel,word=channel, beside the known ones."""
    high_risk_countries: Path | None = None
    """File of the list of high-risk countries, from `lakay compliance lists import`; the packaged one unless set."""
    alerts_topic: Topic = "lakay.compliance.alerts"
    """Topic of the compliance alerts."""
    edd_triggers_topic: Topic = "lakay.compliance.edd-triggers"
    """Topic of the enhanced due diligence triggers."""

    @property
    def synonyms(self) -> dict[str, str]:
        """Channel by word: those that everybody knows, and Trebanx's own."""
        return {**DEFAULT_SYNONYMS, **synonyms_in(self.type_synonyms)}

    @property
    def ctr_warning_in_force(self) -> Decimal:
        """US dollars from which a report is announced: the setting's, or nine tenths of the reporting threshold."""
        return self.ctr_warning_threshold or (self.ctr_threshold * 9 / 10).quantize(Decimal("0.01"))

    @model_validator(mode="after")
    def _within_the_law_and_in_order(self) -> Self:
        if self.ctr_threshold > FEDERAL_CTR_THRESHOLD:
            raise ValueError(
                f"COMPLIANCE_CTR_THRESHOLD={self.ctr_threshold} is above the federal {FEDERAL_CTR_THRESHOLD} "
                "US dollars (31 CFR 1010.311): set it to 10000 or less"
            )
        if self.ctr_warning_in_force > self.ctr_threshold:
            raise ValueError(
                f"COMPLIANCE_CTR_WARNING_THRESHOLD={self.ctr_warning_threshold} is above "
                f"COMPLIANCE_CTR_THRESHOLD={self.ctr_threshold}: lower the first, so that it warns before a report"
            )
        levels = {
            "COMPLIANCE_RISK_LOW_MAX": self.risk_low_max,
            "COMPLIANCE_RISK_MEDIUM_MAX": self.risk_medium_max,
            "COMPLIANCE_RISK_HIGH_MAX": self.risk_high_max,
        }
        for (lower, low), (higher, high) in pairwise(levels.items()):
            if high <= low:
                raise ValueError(f"{higher}={high} must be above {lower}={low}: raise the first or lower the second")
        return self


class FilingSettings(Group):
    """Who files with FinCEN, and how a batch is checked; no decision depends on it.

    What is not set is missing in a batch, and the report says so: nothing is invented.
    """

    model_config = SettingsConfigDict(env_prefix="COMPLIANCE_")

    fincen_schemas: Path | None = None
    """Folder of FinCEN's XML schemas (EFL_CTRXBatchSchema.xsd, EFL_SARXBatchSchema.xsd), to check batches with too."""
    filer_name: FilerText = None
    """Legal name of the money services business that files."""
    filer_ein: Annotated[str | None, Field(pattern=r"^\d{9}$")] = None
    """Its employer identification number, nine digits."""
    filer_rssd: Annotated[str | None, Field(pattern=r"^\d{1,10}$")] = None
    """Its RSSD number, where it has one."""
    filer_tcc: Annotated[str | None, Field(pattern=r"^[A-Z0-9]{8}$")] = None
    """Its transmitter control code at BSA E-Filing, eight characters."""
    filer_street: Annotated[FilerText, Field(max_length=100)] = None
    """Street address of its main office."""
    filer_city: Annotated[FilerText, Field(max_length=50)] = None
    """City of its main office."""
    filer_state: Annotated[str | None, Field(pattern=r"^[A-Z]{2,3}$")] = None
    """State of its main office, such as FL."""
    filer_zip: Annotated[str | None, Field(pattern=r"^(\d{5}|\d{9})$")] = None
    """ZIP code of its main office, five or nine digits."""
    filer_country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    """Country of its main office, such as US."""
    filer_phone: Annotated[str | None, Field(pattern=r"^\d{10,16}$")] = None
    """Telephone number of the office to contact, digits only."""
    filer_contact_office: FilerText = None
    """The office that FinCEN may contact about a report, such as BSA Compliance."""
    filer_contact_name: FilerText = None
    """Who transmits the batches and may be contacted about them."""

    @model_validator(mode="after")
    def _schemas_are_there(self) -> Self:
        missing = [
            name for name in FINCEN_SCHEMAS.values() if not (self.fincen_schemas or Path()).joinpath(name).is_file()
        ]
        if self.fincen_schemas is not None and missing:
            raise ValueError(
                f"COMPLIANCE_FINCEN_SCHEMAS={self.fincen_schemas} is no folder with {' and '.join(missing)}: "
                "correct it, or remove it to check batches against the project's own rules alone"
            )
        return self


class ServingSettings(Group):
    """How the rules' and the model's scores become one, and one score a tier (runbook 6.4)."""

    model_config = SettingsConfigDict(env_prefix="SERVING_")

    low_max: Threshold = 0.3
    """Score below which a transaction is low risk."""
    medium_max: Threshold | None = None
    """Score below which it is medium risk; FRAUD_HIGH_THRESHOLD unless set, and never another value."""
    high_max: Threshold | None = None
    """Score below which it is high risk; FRAUD_CRITICAL_THRESHOLD unless set, and never another value."""
    strategy: Literal["weighted_average", "max"] = "weighted_average"
    """How the two scores combine: their weighted average, or the larger."""
    rule_weight: Ratio = 0.6
    """Weight of the rules' score."""
    ml_weight: Ratio = 0.4
    """Weight of the model's score; the average divides by the sum of both weights."""
    ml_enabled: bool = True
    """Whether a model takes part in the score."""

    @model_validator(mode="after")
    def _something_is_weighed(self) -> Self:
        if self.rule_weight + self.ml_weight == 0:
            raise ValueError("SERVING_RULE_WEIGHT and SERVING_ML_WEIGHT are both 0: raise at least one of them")
        return self
