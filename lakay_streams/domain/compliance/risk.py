"""A customer's risk in [0, 1], and when it asks for enhanced due diligence.

Source: 31 CFR 1022.210(d) (a program commensurate with the risks of location, services and customers); FATF
recommendations 1, 10 and 19; runbook section 2.3, COMPLIANCE_RISK_*. Five factors, each in [0, 1] with the most that it
may add, taken as independent and combined by noisy-or, so that the risk never falls when a factor grows:

    geography    0.65  remittances to a country of the list: 1 under a call for action, 0.35 under increased monitoring
    product      0.20  the share of cash, and of remittances, in what was moved in the days kept
    behaviour    0.30  the surest alert that recommends a review, of those that go on
    alerts       0.75  alerts that recommended a suspicious activity report: 0.6 for the first, all for three
    account_age  0.12  1 up to 30 days after registration, falling to 0 at 180 days

A country under a call for action alone is high. One under increased monitoring alone is low, and together with cash and
a new account medium: Haiti is on that list, and this platform's purpose. Levels: low, medium, high and prohibited, each
up to and including its limit. An enhanced due diligence begins once when a level from high on is entered, again only
for a higher one, or after the risk has been low.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import REVIEW, EddTrigger, Factor
from lakay_streams.domain.compliance.countries import CALL_FOR_ACTION, MONITORED
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.state import ComplianceState, Risk

LEVELS = ("low", "medium", "high", "prohibited")

NEW_DAYS, SETTLED_DAYS = 30, 180


def assess(
    state: ComplianceState, user_id: str, event_id: str, at: int, limits: ComplianceLimits
) -> tuple[Risk, EddTrigger | None]:
    """Return the customer's risk at `at`, and the trigger when it has become high or more."""
    factors = factors_of(state, at, limits)
    score = score_of(factors)
    level, before = level_of(score, limits), state.risk
    triggered = before.triggered
    if level == "low":
        triggered = ""
    if LEVELS.index(level) < 2 or (triggered and LEVELS.index(level) <= LEVELS.index(triggered)):
        return Risk(score, level, triggered), None
    trigger = EddTrigger(
        user_id,
        event_id,
        at,
        score,
        level,
        before.level,
        factors,
        required(state, factors, level, limits),
        limits.countries.published,
    )
    return Risk(score, level, level), trigger


def score_of(factors: tuple[Factor, ...]) -> float:
    """Return the factors' common score, to six digits."""
    doubt = 1.0
    for factor in factors:
        doubt *= 1.0 - factor.value * factor.weight
    return round(1.0 - doubt, 6)


def level_of(score: float, limits: ComplianceLimits) -> str:
    """Return low, medium, high or prohibited."""
    if score <= limits.risk_low_max:
        return "low"
    if score <= limits.risk_medium_max:
        return "medium"
    return "high" if score <= limits.risk_high_max else "prohibited"


def factors_of(state: ComplianceState, at: int, limits: ComplianceLimits) -> tuple[Factor, ...]:
    """Return the five factors."""
    return (
        _geography(state, limits),
        _product(state),
        _behaviour(state),
        _alerts(state),
        _account_age(state, at),
    )


def _geography(state: ComplianceState, limits: ComplianceLimits) -> Factor:
    standings = {country: limits.countries.standing(country) for country, _ in state.countries}
    called = sorted(country for country, standing in standings.items() if standing == CALL_FOR_ACTION)
    monitored = sorted(country for country, standing in standings.items() if standing == MONITORED)
    if called:
        return Factor("geography", 1.0, 0.65, f"money sent to {', '.join(called)}, under a call for action")
    if monitored:
        return Factor("geography", 0.35, 0.65, f"money sent to {', '.join(monitored)}, under increased monitoring")
    return Factor("geography", 0.0, 0.65, "no country of the list")


def _product(state: ComplianceState) -> Factor:
    movements = cash = 0
    for day in state.days:
        movements += day.movements
        cash += day.cash
    if not movements:
        return Factor("product", 0.0, 0.2, "nothing moved yet")
    sent = sum(1 for each in state.movements if each.country)
    share, abroad = cash / movements, min(1.0, sent / max(1, len(state.movements)))
    return Factor("product", round((share + abroad) / 2, 4), 0.2, f"{share:.0%} cash, {abroad:.0%} remittances")


def _behaviour(state: ComplianceState) -> Factor:
    surest = max((each.confidence for each in state.alerts if _is_open(each.status, each.recommendation)), default=0.0)
    return Factor("behaviour", surest, 0.3, "the surest alert that recommends a review" if surest else "no such alert")


def _is_open(status: str, recommendation: str) -> bool:
    return status == "open" and recommendation == REVIEW


def _alerts(state: ComplianceState) -> Factor:
    value = min(1.0, 0.4 + 0.2 * state.reports) if state.reports else 0.0
    return Factor(
        "alerts", round(value, 4), 0.75, f"{state.reports} times a suspicious activity report was recommended"
    )


def _account_age(state: ComplianceState, at: int) -> Factor:
    since = state.registered_at if state.registered_at is not None else state.first_at
    days = 0.0 if since is None else max(0.0, (at - since) / DAY_MS)
    value = 1.0 - (days - NEW_DAYS) / (SETTLED_DAYS - NEW_DAYS)
    return Factor("account_age", round(max(0.0, min(1.0, value)), 4), 0.12, f"{days:.0f} days known")


def required(
    state: ComplianceState, factors: tuple[Factor, ...], level: str, limits: ComplianceLimits
) -> tuple[str, ...]:
    """Return what must be asked of the customer, or decided about them."""
    by_name = {factor.factor: factor for factor in factors}
    asked = [
        "Verify the customer's identity again, with a document that is in force",
        "Ask for the source of funds and of income, with documents",
    ]
    listed = [country for country, _ in state.countries if limits.countries.standing(country)]
    if listed:
        asked.append(f"Ask for the purpose of the money sent to {', '.join(sorted(listed))} and who receives it")
    if by_name["product"].value > 0.5:
        asked.append("Ask where the cash comes from, and why it is cash")
    rules = sorted({each.rule for each in state.alerts if each.status == "open" and each.rule != "ctr_warning"})
    if rules:
        asked.append(f"Ask for an explanation of what the alerts show: {', '.join(rules)}")
    if level == "prohibited":
        asked.append("Decide whether to end the relationship: the risk is above what is accepted")
    else:
        asked.append("Have the relationship approved by the compliance officer, and monitored more closely")
    return tuple(asked)
