"""The compliance decision on one event about a customer's money: count first, then look.

Unlike fraud, which asks what is unusual, compliance adds up: a rule judges the totals with the movement in them. The
caller drops events that were seen before, and passes the new ring as `seen` where the state keeps one.

    counted   every rule looks from the movement; what it finds opens an alert, or updates the one it belongs to
    returned  the rules of the alerts that the movement may be part of look again; those that find nothing withdraw it
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance.alert import (
    CTR_DUE_DAYS,
    FILE_CTR,
    OPEN,
    SAR,
    SAR_DUE_DAYS,
    WITHDRAWN,
    ComplianceAlert,
    ComplianceFinding,
    EddTrigger,
    Signal,
    Totals,
)
from lakay_streams.domain.compliance.corridors import Peers, corridor_of
from lakay_streams.domain.compliance.counting import MoneyEvent, count
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import COUNTERPART, REMITTANCE, TRANSFER, Movement
from lakay_streams.domain.compliance.risk import assess
from lakay_streams.domain.compliance.rules import CONTINUING, OF_ONE_MOVEMENT, REGULATIONS, RULES
from lakay_streams.domain.compliance.state import ALERTS_KEPT, ComplianceState, OpenAlert
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Rates

NO_PEERS: Mapping[str, Peers] = MappingProxyType({})

_RULES = tuple(RULES.values())
_BETWEEN_USERS = frozenset({TRANSFER, REMITTANCE})


class ComplianceDecision(Frozen):
    """The customer's next state and what is to be told. `counted` and `returned` are the movement, if there was one."""

    state: ComplianceState
    alerts: tuple[ComplianceAlert, ...] = ()
    edd: EddTrigger | None = None
    counted: Movement | None = None
    returned: Movement | None = None


def decide(
    state: ComplianceState,
    event: MoneyEvent,
    limits: ComplianceLimits,
    rates: Rates,
    peers: Mapping[str, Peers] = NO_PEERS,
    seen: bytes | None = None,
) -> ComplianceDecision:
    """Return the customer's next state and what was found; `peers` is what is usual, by corridor."""
    if seen is not None:
        state = replace(state, seen=seen)
    told = count(state, event, limits, rates)
    if told.counted is not None:
        alerts, state = _looked_at(told.state, event, told.counted, limits, peers.get(corridor_of(told.counted)))
    elif told.returned is not None or told.corrected is not None:
        alerts, state = _looked_again(told.state, event, told.returned or told.corrected, limits)
    else:
        return ComplianceDecision(told.state)
    risk, edd = assess(state, event.entity_id, event.event_id, event.occurred_at, limits)
    return ComplianceDecision(replace(state, risk=risk), alerts, edd, told.counted, told.returned)


def known_since(state: ComplianceState, registered_at: int) -> ComplianceState:
    """Return the state of a customer who registered then (ms UTC)."""
    return replace(state, registered_at=registered_at)


def onward(customer: str, movement: Movement) -> str | None:
    """Return the other user whose state must learn of a customer's movement; None where there is no such user."""
    if movement.channel not in _BETWEEN_USERS or movement.source == COUNTERPART:
        return None
    return movement.counterparty if movement.counterparty not in {"", customer} else None


def _looked_at(
    state: ComplianceState, event: MoneyEvent, movement: Movement, limits: ComplianceLimits, peers: Peers | None
) -> tuple[tuple[ComplianceAlert, ...], ComplianceState]:
    running: tuple[tuple[str, int], ...] = ()
    if state.alerts:
        running = tuple([(each.rule, each.since) for each in state.alerts if _goes_on(each, movement.at, limits)])
    facts = Facts(state, limits, movement.at, movement.day, movement, peers, running)
    found = [finding for rule in _RULES if (finding := rule(facts)) is not None]
    return _told(state, event, found, limits) if found else ((), state)


def _looked_again(
    state: ComplianceState, event: MoneyEvent, movement: Movement | None, limits: ComplianceLimits
) -> tuple[tuple[ComplianceAlert, ...], ComplianceState]:
    alerts: list[ComplianceAlert] = []
    kept = []
    reports = state.reports
    for known in state.alerts:
        if movement is None or known.status != OPEN or not known.since <= movement.at <= known.until:
            kept.append(known)
            continue
        finding = None
        if known.rule in OF_ONE_MOVEMENT:
            if known.window != movement.id:
                kept.append(known)
                continue
        else:
            facts = Facts(state, limits, known.until, known.day, running=((known.rule, known.since),))
            finding = RULES[known.rule](facts)
        alert, after = _revised(known, event, finding, limits)
        alerts.append(alert)
        kept.append(after)
        reports += _reports(after) - _reports(known)
    return tuple(alerts), replace(state, alerts=tuple(kept), reports=reports)


def _reports(known: OpenAlert | None) -> int:
    return known is not None and known.status == OPEN and known.recommendation == SAR


def _goes_on(known: OpenAlert, at: int, limits: ComplianceLimits) -> bool:
    return known.rule in CONTINUING and known.status == OPEN and abs(at - known.detected_at) <= limits.continues_ms


def _told(
    state: ComplianceState, event: MoneyEvent, found: list[ComplianceFinding], limits: ComplianceLimits
) -> tuple[tuple[ComplianceAlert, ...], ComplianceState]:
    alerts = []
    known = list(state.alerts)
    reports = state.reports
    for finding in found:
        before = next((each for each in known if _is_update(each, finding, limits)), None)
        alert, after = _sent(before, event, finding, limits)
        if before is not None:
            known.remove(before)
        known.append(after)
        alerts.append(alert)
        reports += _reports(after) - _reports(before)
    return tuple(alerts), replace(state, alerts=tuple(known[-ALERTS_KEPT:]), reports=reports)


def _is_update(known: OpenAlert, finding: ComplianceFinding, limits: ComplianceLimits) -> bool:
    if known.rule != finding.rule:
        return False
    return known.window == finding.window or _goes_on(known, finding.until, limits)


def _sent(
    before: OpenAlert | None, event: MoneyEvent, finding: ComplianceFinding, limits: ComplianceLimits
) -> tuple[ComplianceAlert, OpenAlert]:
    if before is not None:
        finding = _not_weaker(replace(finding, window=before.window), before)
    revision = 1 if before is None else before.revision + 1
    detected_at = event.occurred_at if before is None else before.detected_at
    return _alert(event, finding, revision, OPEN, detected_at, limits)


def _not_weaker(finding: ComplianceFinding, before: OpenAlert) -> ComplianceFinding:
    """Return the update of an alert that is at least as sure as before: who adds small amounts dilutes no suspicion."""
    if before.status != OPEN or finding.confidence >= before.confidence:
        return finding
    earlier = Signal("earlier", 1.0, round(before.confidence - finding.confidence, 4), "surer before these movements")
    return replace(
        finding,
        confidence=before.confidence,
        recommendation=before.recommendation,
        signals=(*finding.signals, earlier),
    )


def _revised(
    known: OpenAlert, event: MoneyEvent, finding: ComplianceFinding | None, limits: ComplianceLimits
) -> tuple[ComplianceAlert, OpenAlert]:
    """Return the update of an alert after a movement of it failed: with what is left of it, or withdrawn."""
    if finding is not None:
        finding = replace(finding, window=known.window)
        return _alert(event, finding, known.revision + 1, OPEN, known.detected_at, limits)
    nothing = ComplianceFinding(
        known.rule,
        REGULATIONS[known.rule],
        known.window,
        0.0,
        known.recommendation,
        "Withdrawn: a movement it rests on failed, and what is left is no finding",
        (),
        Totals(),
        known.since,
        known.until,
    )
    return _alert(event, nothing, known.revision + 1, WITHDRAWN, known.detected_at, limits)


def _alert(
    event: MoneyEvent,
    finding: ComplianceFinding,
    revision: int,
    status: str,
    detected_at: int,
    limits: ComplianceLimits,
) -> tuple[ComplianceAlert, OpenAlert]:
    day = business_day(finding.until, limits.zone)
    due = None
    if status == OPEN and finding.recommendation == FILE_CTR:
        due = day + CTR_DUE_DAYS
    elif status == OPEN and finding.recommendation == SAR:
        due = business_day(detected_at, limits.zone) + SAR_DUE_DAYS
    alert = ComplianceAlert(event.entity_id, finding, revision, status, event.occurred_at, detected_at, day, due)
    known = OpenAlert(
        finding.rule,
        finding.window,
        detected_at,
        revision,
        finding.since,
        finding.until,
        day,
        status,
        finding.recommendation,
        finding.confidence,
    )
    return alert, known
