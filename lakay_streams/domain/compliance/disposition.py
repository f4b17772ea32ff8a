"""What a compliance officer decided about an alert: it was looked into, and there is an explanation.

A cleared alert raises the customer's risk no more, and its next revision says so, with the reason and who decided. A
currency transaction report is no matter of judgement (31 CFR 1010.311): its alert cannot be cleared. What is found
afterwards is an alert again: of the same window another revision, else one of its own.

An alert for which the customer's record had no room stands in the ledger (`looking`), and counts for the risk from
there. It is looked for on every page that there may be: officers decide seldom, and their word has to take effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from lakay_streams.domain.compliance.alert import (
    CLEARED,
    FILE_CTR,
    OPEN,
    SAR,
    ComplianceAlert,
    ComplianceFinding,
)
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import totals_of
from lakay_streams.domain.compliance.ledger import Ledger, Page
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.risk import assess
from lakay_streams.domain.compliance.rules import OF_ONE_MOVEMENT, REGULATIONS, RULES
from lakay_streams.domain.compliance.state import ComplianceState, OpenAlert, is_early
from lakay_streams.domain.events import AlertDisposition
from lakay_streams.domain.frozen import replace

_NOT_OPEN = "it is not open, or a CTR's"

IsMeant = Callable[[str, str], bool]
"""Whether an officer's decision is about the alert of a rule (first) and a window (second)."""


class Disposed(NamedTuple):
    """The customer's state after an officer's decision, and what to keep in the ledger under which id or day.

    `alert` is the cleared alert's next revision; None where nothing was cleared, and then `ignored` says why.
    """

    state: ComplianceState
    alert: ComplianceAlert | None = None
    ignored: str = ""
    entries: Mapping[str, Entry] = MappingProxyType({})
    pages: Mapping[int, Page] = MappingProxyType({})


def dispose(
    state: ComplianceState, ledger: Ledger, event: AlertDisposition, is_meant: IsMeant, limits: ComplianceLimits
) -> Disposed:
    """Carry out an officer's decision about the alert that `is_meant` knows."""
    known = next((each for each in state.alerts if is_meant(each.rule, each.window)), None)
    if known is not None:
        if not is_to_be_cleared(known):
            return Disposed(state, ignored=_NOT_OPEN)
        return Disposed(*clear(state, known, event, limits))
    place = _place_of(state, ledger, is_meant, limits)
    if place is None:
        return Disposed(state, ignored="it is not known for this user any more")
    (known,) = [each for each in place.alerts if is_meant(each.rule, each.window)]
    if not is_to_be_cleared(known):
        return Disposed(state, ignored=_NOT_OPEN)
    state, alert = clear(state, known, event, limits)
    after = replace(place, alerts=tuple([_cleared(each) if each is known else each for each in place.alerts]))
    if isinstance(after, Entry):
        return Disposed(state, alert, entries={after.id: after})
    return Disposed(state, alert, pages={after.total.day: after})


def _place_of(
    state: ComplianceState, ledger: Ledger, is_meant: IsMeant, limits: ComplianceLimits
) -> Page | Entry | None:
    """Return where in the ledger the alert stands; None where it does not."""
    # A movement may be told, and its entry kept, for one retention each.
    days = 2 * limits.retention_ms // DAY_MS
    for day in range(state.paged_until, state.paged_until - days, -1):
        page = ledger.page(day)
        if page is None:
            continue
        if any(is_meant(each.rule, each.window) for each in page.alerts):
            return page
        for movement_id in page.ids:
            if not any(is_meant(rule, movement_id) for rule in OF_ONE_MOVEMENT):
                continue
            entry = ledger.entry(movement_id)
            if entry is not None and any(is_meant(each.rule, each.window) for each in entry.alerts):
                return entry
    return None


def _cleared(known: OpenAlert) -> OpenAlert:
    return replace(known, status=CLEARED, revision=known.revision + 1)


def is_to_be_cleared(known: OpenAlert) -> bool:
    """Whether an officer's decision can clear an alert: it is open, and asks for judgement."""
    return known.status == OPEN and known.recommendation != FILE_CTR


def clear(
    state: ComplianceState, known: OpenAlert, event: AlertDisposition, limits: ComplianceLimits
) -> tuple[ComplianceState, ComplianceAlert]:
    """Return the customer's state without the alert's part in the risk, and the alert's next revision."""
    after = _cleared(known)
    alerts = tuple([after if each is known else each for each in state.alerts])
    reports = state.reports - (known.recommendation == SAR)
    finding = replace(
        _found(state, known, limits),
        window=known.window,
        confidence=known.confidence,
        recommendation=known.recommendation,
    )
    told = {**finding.values, "cleared_because": event.reason}
    if event.decided_by:
        told["cleared_by"] = event.decided_by
    alert = ComplianceAlert(
        user_id=event.user_id,
        finding=replace(finding, values=told),
        revision=after.revision,
        status=CLEARED,
        occurred_at=event.occurred_at,
        detected_at=known.detected_at,
        business_day=known.day,
        due_day=None,
    )
    state = replace(state, alerts=alerts, reports=reports)
    risk, _ = assess(state, event.user_id, event.event_id, event.occurred_at, limits)
    return replace(state, risk=risk), alert


def _found(state: ComplianceState, known: OpenAlert, limits: ComplianceLimits) -> ComplianceFinding:
    """Return what the alert is about, as far as the state has it still."""
    if known.rule not in OF_ONE_MOVEMENT and not is_early(state, known.since):
        found = RULES[known.rule](Facts(state, limits, known.until, known.day, running=((known.rule, known.since),)))
        if found is not None:
            return found
    movements = tuple([each for each in state.movements if each.id == known.window])
    return ComplianceFinding(
        rule=known.rule,
        regulation=REGULATIONS[known.rule],
        window=known.window,
        confidence=known.confidence,
        recommendation=known.recommendation,
        reason="What was found stands in the earlier revisions of this alert",
        movements=movements,
        totals=totals_of(movements),
        since=known.since,
        until=known.until,
        truncated=not movements,
    )
