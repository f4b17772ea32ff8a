"""What compliance found, as an officer reads it: one alert, and the trigger of an enhanced due diligence.

Amounts are US cents unless they stand beside their currency; times are event times in ms UTC; days are business days
since 1970-01-01.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.frozen import Frozen

FILE_CTR = "file_ctr"
MONITOR = "monitor"
REVIEW = "recommend_review"
SAR = "recommend_sar"
COMPLETE = "complete_record"

OPEN, WITHDRAWN, CLEARED = "open", "withdrawn", "cleared"

CTR_DUE_DAYS = 15
"""31 CFR 1010.306(a)(1): within 15 days following the day on which the reportable transaction occurred."""

SAR_DUE_DAYS = 30
"""31 CFR 1022.320(b)(3): no later than 30 calendar days after the date of the initial detection."""

SAR_MIN_MINOR = 2_000_00
"""31 CFR 1022.320(a)(2): a money services business reports from 2,000 US dollars in aggregate."""


class Pair(Frozen):
    """So many cents that came in with one movement left with another: their ids."""

    money_in: str
    money_out: str
    usd_minor: int


class Signal(Frozen):
    """One reason for a confidence: how strongly it shows, in [0, 1], and the most that it may add."""

    signal: str
    value: float
    weight: float
    reason: str


class Totals(Frozen):
    """What the alert adds up, in US cents. Complete, also where details were dropped; in and out are never netted."""

    movements: int = 0
    in_minor: int = 0
    out_minor: int = 0
    cash_in_minor: int = 0
    cash_out_minor: int = 0


class ComplianceFinding(Frozen):
    """One rule's finding, before it is an alert.

    `window` tells it from others of the same rule and user; an update has the window of what it updates. `basis` is
    stated, assumed or mixed, as it is known that money was cash; empty where that does not matter. `values` are what
    the rule compared, JSON-ready: thresholds, counts, ratios. `since` and `until` bound the movements it is about.
    """

    rule: str
    regulation: str
    window: str
    confidence: float
    recommendation: str
    reason: str
    movements: tuple[Movement, ...]
    totals: Totals
    since: int
    until: int
    basis: str = ""
    truncated: bool = False
    pairs: tuple[Pair, ...] = ()
    signals: tuple[Signal, ...] = ()
    values: Mapping[str, object] = {}


class ComplianceAlert(Frozen):
    """A finding as it is sent. `revision` counts its updates from 1.

    `status` is open, withdrawn when what it reported failed afterwards, or cleared when an officer decided that it is
    explained. `occurred_at` is the event that made this revision, `detected_at` that of the first. `business_day` is
    the day of the finding's last movement; `due_day` is None where nothing is due.
    """

    user_id: str
    finding: ComplianceFinding
    revision: int
    status: str
    occurred_at: int
    detected_at: int
    business_day: int
    due_day: int | None


class Factor(Frozen):
    """One part of a customer's risk: how strongly it shows, in [0, 1], and the most that it may add."""

    factor: str
    value: float
    weight: float
    reason: str


class EddTrigger(Frozen):
    """A customer's risk has become high or more, and enhanced due diligence is to begin.

    Levels are low, medium, high, prohibited. `required` are what must be asked, as sentences. `list_date` is the day of
    the list of countries in force (ISO 8601). `event_id` is the event that raised the risk. Score and factors tell of
    alerts and are not for the staff that reads the trigger; the level is, and `level_above`, the score above which it
    begins.
    """

    user_id: str
    event_id: str
    occurred_at: int
    risk_score: float
    risk_level: str
    previous_level: str
    factors: tuple[Factor, ...]
    required: tuple[str, ...]
    list_date: str
    level_above: float = 0.0
