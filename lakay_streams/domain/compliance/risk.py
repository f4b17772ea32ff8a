"""A customer's risk in [0, 1], and when it asks for enhanced due diligence.

Source: 31 CFR 1022.210(d) (a program commensurate with the risks of location, services and customers); FATF
recommendations 1, 10 and 19; runbook section 2.3, COMPLIANCE_RISK_*. Five factors, each in [0, 1] with the most that it
may add, taken as independent and combined by noisy-or, so that the risk never falls when a factor grows:

    geography    0.65  remittances to a country of the list: 1 under a call for action, 0.35 under increased monitoring
    product      0.20  two thirds the share of cash, one third that of remittances, in what was moved in the days kept
    behaviour    0.30  the surest alert that recommends a review: whole for 30 days after its last movement, falling to
                       0 at 180 days, by the time of the event at which the risk is asked for
    alerts       0.75  alerts that recommended a suspicious activity report: 0.6 for the first, all for three
    account_age  0.12  1 up to 30 days after registration, falling to 0 at 180 days

A country under a call for action alone is high. One under increased monitoring alone is low, and together with cash or
a new account medium: Haiti is on that list, and this platform's purpose. Levels: low, medium, high and prohibited, each
up to and including its limit. An enhanced due diligence begins once when a level from high on is entered, again only
for a higher one, or after the risk has been low.

Staff of every kind read the trigger of a due diligence, and nothing in it may let them guess that a report was
recommended or an activity found suspicious (31 CFR 1022.320(d)). So what it asks depends on what the staff sees anyway,
where money was sent and how it was paid, and on the level; what the risk is made of stays with whoever decides.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import OPEN, REVIEW, EddTrigger, Factor
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.state import ComplianceState, Risk

LEVELS = ("low", "medium", "high", "prohibited")
FACTORS = ("geography", "product", "behaviour", "alerts", "account_age")
WEIGHTS = (0.65, 0.2, 0.3, 0.75, 0.12)
"""The most that each factor may add."""

MONITORED_VALUE = 0.35
NEW_DAYS, SETTLED_DAYS = 30, 180

Values = tuple[float, float, float, float, float]
"""How strongly each factor shows, in [0, 1]."""


def assess(
    state: ComplianceState, user_id: str, event_id: str, at: int, limits: ComplianceLimits
) -> tuple[Risk, EddTrigger | None]:
    """Return the customer's risk at `at`, and the trigger when it has become high or more."""
    values = values_of(state, at, limits)
    score = score_of(values)
    level, before = level_of(score, limits), state.risk
    if level in {"low", "medium"}:
        return Risk(score, level, "" if level == "low" else before.triggered), None
    if before.triggered and LEVELS.index(level) <= LEVELS.index(before.triggered):
        return Risk(score, level, before.triggered), None
    trigger = EddTrigger(
        user_id=user_id,
        event_id=event_id,
        occurred_at=at,
        risk_score=score,
        risk_level=level,
        previous_level=before.level,
        factors=factors_of(state, values, at, limits),
        required=required(state, level, limits),
        list_date=limits.countries.published,
        level_above=limits.risk_medium_max if level == "high" else limits.risk_high_max,
    )
    return Risk(score, level, level), trigger


def values_of(state: ComplianceState, at: int, limits: ComplianceLimits) -> Values:
    """Return how strongly each factor shows."""
    geography = 0.0
    for country, _ in state.countries:
        if country in limits.countries.call_for_action:
            geography = 1.0
        elif country in limits.countries.monitored and not geography:
            geography = MONITORED_VALUE
    cash, abroad = _shares(state)
    surest = 0.0
    for alert in state.alerts:
        if alert.status == OPEN and alert.recommendation == REVIEW:
            surest = max(surest, alert.confidence * _fresh(alert.until, at, limits))
    reported = min(1.0, 0.4 + 0.2 * state.reports) if state.reports else 0.0
    age = 1.0 - (_days_known(state, at) - NEW_DAYS) / (SETTLED_DAYS - NEW_DAYS)
    return geography, (2 * cash + abroad) / 3, surest, reported, 1.0 if age > 1.0 else age if age > 0.0 else 0.0


def score_of(values: Values) -> float:
    """Return the factors' common score, to six digits."""
    a, b, c, d, e = values
    of_a, of_b, of_c, of_d, of_e = WEIGHTS
    doubt = (1.0 - a * of_a) * (1.0 - b * of_b) * (1.0 - c * of_c) * (1.0 - d * of_d) * (1.0 - e * of_e)
    return round(1.0 - doubt, 6)


def level_of(score: float, limits: ComplianceLimits) -> str:
    """Return low, medium, high or prohibited."""
    if score <= limits.risk_low_max:
        return "low"
    if score <= limits.risk_medium_max:
        return "medium"
    return "high" if score <= limits.risk_high_max else "prohibited"


def factors_of(state: ComplianceState, values: Values, at: int, limits: ComplianceLimits) -> tuple[Factor, ...]:
    """Return the factors in words."""
    countries = [country for country, _ in state.countries]
    called = sorted(limits.countries.call_for_action.intersection(countries))
    monitored = sorted(limits.countries.monitored.intersection(countries))
    cash, abroad = _shares(state)
    sent_to = [f"{', '.join(called)}, under a call for action"] if called else []
    sent_to += [f"{', '.join(monitored)}, under increased monitoring"] if monitored else []
    reasons = (
        f"money sent to {'; '.join(sent_to)}" if sent_to else "no country of the list",
        f"{cash:.0%} cash, {abroad:.0%} remittances",
        "the surest alert that recommends a review" if values[2] else "no alert that recommends a review",
        "alerts that call for an officer's decision" if state.reports else "no alert that calls for a decision",
        f"{_days_known(state, at):.0f} days known",
    )
    return tuple(
        Factor(name, round(value, 4), weight, reason)
        for name, value, weight, reason in zip(FACTORS, values, WEIGHTS, reasons, strict=True)
    )


def _fresh(until: int, at: int, limits: ComplianceLimits) -> float:
    """Return how much of an alert still counts at `at`: 1 while it is recent, 0 when it is long past."""
    fading = (limits.fading_until_days - limits.fading_from_days) * DAY_MS
    return max(0.0, min(1.0, (limits.fading_until_days * DAY_MS - (at - until)) / fading))


def _shares(state: ComplianceState) -> tuple[float, float]:
    """Return the share of cash in the days kept, and of remittances in the movements kept."""
    if not state.days or not state.movements:
        return 0.0, 0.0
    movements = cash = abroad = 0
    for day in state.days:
        movements += day.movements
        cash += day.cash
    if state.countries:
        abroad = sum([1 for each in state.movements if each.country])
    # Cash handed in for a remittance counts before the remittance does.
    return min(1.0, cash / max(1, movements)), abroad / len(state.movements)


def _days_known(state: ComplianceState, at: int) -> float:
    since = state.registered_at if state.registered_at is not None else state.first_at
    return 0.0 if since is None or at < since else (at - since) / DAY_MS


def required(state: ComplianceState, level: str, limits: ComplianceLimits) -> tuple[str, ...]:
    """Return what must be asked of the customer, or decided about them; alerts have no part in it."""
    asked = [
        "Verify the customer's identity again, with a document that is in force",
        "Ask for the source of funds and of income, with documents",
    ]
    listed = sorted(country for country, _ in state.countries if limits.countries.standing(country))
    if listed:
        asked.append(f"Ask for the purpose of the money sent to {', '.join(listed)} and who receives it")
    if _shares(state)[0] > 0.5:
        asked.append("Ask where the cash comes from, and why it is cash")
    if level == "prohibited":
        asked.append("Decide whether to end the relationship: the risk is above what is accepted")
    else:
        asked.append("Have the relationship approved by the compliance officer, and monitored more closely")
    return tuple(asked)
