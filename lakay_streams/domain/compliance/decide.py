"""The compliance decision on one event about a customer's money: count first, then look.

Unlike fraud, which asks what is unusual, compliance adds up: a rule judges the totals with the movement in them. What
was told before changes nothing, whatever else was told since, so nobody has to drop events that come again.

    counted    every rule looks from the movement; what it finds opens an alert, or updates the one it belongs to
    received   the rules about cash look from what was handed in for a remittance
    attempted  structuring looks from what was asked for and came to nothing
    returned   the rules of the alerts that the movement may be part of look again; those that find nothing withdraw
               it, but not a suspicion: what was attempted is reported, too
    corrected  both: from the movement as it is, and again at what rested on it as it was

What happened before the time that the customer's record covers is looked at in the ledger (`ledger.around`). Alerts
beyond `ALERTS_KEPT` stand there, too, each with its day or its movement, and go on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
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
from lakay_streams.domain.compliance.counting import Change, Lost, MoneyEvent, count
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.ledger import Draft, Ledger, Page, around
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import COUNTERPART, REMITTANCE, TRANSFER, Movement
from lakay_streams.domain.compliance.risk import assess
from lakay_streams.domain.compliance.rules import (
    ABOUT_CASH,
    CONTINUING,
    OF_ONE_MOVEMENT,
    REGULATIONS,
    RULES,
    SUSPICION,
    Rule,
    could_not_be_counted,
    structuring,
)
from lakay_streams.domain.compliance.state import ALERTS_KEPT, ComplianceState, Day, OpenAlert, is_early
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Rates

NO_PEERS: Mapping[str, Peers] = MappingProxyType({})

_EPOCH = date(1970, 1, 1)
_NOTHING: Mapping[str, Entry | None] = MappingProxyType({})
_NO_PAGES: Mapping[int, Page | None] = MappingProxyType({})

_RULES = tuple(RULES.values())
_ABOUT_CASH = tuple(RULES[name] for name in ABOUT_CASH)
_ABOUT_ATTEMPTS = (RULES[structuring.NAME],)
_BETWEEN_USERS = frozenset({TRANSFER, REMITTANCE})


class ComplianceDecision(Frozen):
    """The customer's next state and what is to be told.

    `changes` are what counts otherwise than before, `lost` what could not be counted. `entries` by movement id and
    `pages` by business day are what to keep in the ledger, None for nothing more.
    """

    state: ComplianceState
    alerts: tuple[ComplianceAlert, ...] = ()
    edd: EddTrigger | None = None
    changes: tuple[Change, ...] = ()
    lost: tuple[Lost, ...] = ()
    entries: Mapping[str, Entry | None] = _NOTHING
    pages: Mapping[int, Page | None] = _NO_PAGES


def decide(
    state: ComplianceState,
    ledger: Ledger,
    event: MoneyEvent,
    limits: ComplianceLimits,
    rates: Rates,
    peers: Mapping[str, Peers] = NO_PEERS,
) -> ComplianceDecision:
    """Return the customer's next state and what was found; `peers` is what is usual, by corridor."""
    draft = Draft(ledger, state.paged_until)
    told = count(state, draft, event, limits, rates)
    if not told.changes and not told.lost:
        return ComplianceDecision(told.state, entries=draft.entries, pages=draft.pages)
    looking = _Looking(told.state, draft, event, limits, peers)
    for change in told.changes:
        looking.at(change)
    for lost in told.lost:
        looking.at_lost(lost)
    state = looking.done()
    risk, edd = assess(state, event.entity_id, event.event_id, event.occurred_at, limits)
    state = replace(state, risk=risk, paged_until=draft.paged_until)
    return ComplianceDecision(state, tuple(looking.alerts), edd, told.changes, told.lost, draft.entries, draft.pages)


def known_since(state: ComplianceState, registered_at: int) -> ComplianceState:
    """Return the state of a customer who registered then (ms UTC)."""
    return replace(state, registered_at=registered_at)


def onward(customer: str, movement: Movement) -> str | None:
    """Return the other user whose state must learn of a customer's movement; None where there is no such user."""
    if movement.channel not in _BETWEEN_USERS or movement.source == COUNTERPART:
        return None
    return movement.counterparty if movement.counterparty not in {"", customer} else None


class _Looking:
    """One event's look at what it changed; `alerts` are what is to be told."""

    def __init__(
        self,
        state: ComplianceState,
        draft: Draft,
        event: MoneyEvent,
        limits: ComplianceLimits,
        peers: Mapping[str, Peers],
    ) -> None:
        self._state = state
        self._draft = draft
        self._event = event
        self._limits = limits
        self._peers = peers
        self._known = list(state.alerts)
        self._reports = state.reports
        self._updated: set[tuple[str, str]] = set()
        self.alerts: list[ComplianceAlert] = []

    def done(self) -> ComplianceState:
        """Return the state with its alerts; those for which it has no room are put where they can be found."""
        if not self.alerts and len(self._known) == len(self._state.alerts):
            return self._state
        for alert in self._known[:-ALERTS_KEPT]:
            self._put_by(alert)
        return replace(self._state, alerts=tuple(self._known[-ALERTS_KEPT:]), reports=self._reports)

    def at(self, change: Change) -> None:
        """Look at what counts otherwise than before."""
        if change.receipt is not None:
            self._from(change.receipt, _ABOUT_CASH)
        if change.movement is not None:
            self._from(change.movement, _RULES)
        if change.attempt is not None:
            self._from(change.attempt, _ABOUT_ATTEMPTS)
        if change.receipt_before is not None:
            self._again(change.receipt_before, failed=False)
        if change.movement_before is not None:
            self._again(change.movement_before, failed=change.movement is None)

    def at_lost(self, lost: Lost) -> None:
        """Tell what could not be counted."""
        day = business_day(lost.at, self._limits.zone)
        finding = could_not_be_counted.evaluate(Facts(self._state, self._limits, lost.at, day, lost=lost))
        if finding is not None and not any(_is_about(each, finding) for each in self._known):
            self._tell(None, finding)

    def _from(self, movement: Movement, rules: Iterable[Rule]) -> None:
        running: tuple[tuple[str, int], ...] = ()
        if self._known:
            limits = self._limits
            running = tuple([(each.rule, each.since) for each in self._known if _goes_on(each, movement.at, limits)])
        state = self._around(movement.at, movement.day)
        peers = self._peers.get(corridor_of(movement))
        facts = Facts(state, self._limits, movement.at, movement.day, movement, peers, running)
        found = [finding for rule in rules if (finding := rule(facts)) is not None]
        for finding in found:
            before = next((each for each in self._known if _is_update(each, finding, self._limits)), None)
            if before is None:
                before = self._taken_back(finding, movement.day)
            self._tell(before, finding)

    def _again(self, movement: Movement, *, failed: bool) -> None:
        """Let the rules of the alerts that a movement may be part of look again, without it or as it is now."""
        self._fetch(movement)
        for known in tuple(self._known):
            if known.status != OPEN or not known.since <= movement.at <= known.until:
                continue
            if (known.rule, known.window) in self._updated or (failed and known.rule in SUSPICION):
                continue
            finding = None
            if known.rule not in OF_ONE_MOVEMENT:
                state = self._around(known.since, known.day)
                running = ((known.rule, known.since),)
                finding = RULES[known.rule](Facts(state, self._limits, known.until, known.day, running=running))
            elif known.window not in {movement.id, movement.twin}:
                continue
            self._revise(known, finding)

    def _around(self, at: int, day: int) -> ComplianceState:
        state, limits = self._state, self._limits
        return around(state, self._draft, at, day, limits) if is_early(state, at) else state

    def _tell(self, before: OpenAlert | None, finding: ComplianceFinding) -> None:
        alert, after = _sent(before, self._event, finding, self._limits)
        self._replace(before, after, alert)

    def _revise(self, known: OpenAlert, finding: ComplianceFinding | None) -> None:
        alert, after = _revised(known, self._event, finding, self._limits)
        self._replace(known, after, alert)

    def _replace(self, before: OpenAlert | None, after: OpenAlert, alert: ComplianceAlert) -> None:
        if before is not None:
            self._known.remove(before)
        self._known.append(after)
        self.alerts.append(alert)
        self._updated.add((after.rule, after.window))
        self._reports += _reports(after) - _reports(before)

    # -- alerts for which the customer's record had no room

    def _put_by(self, alert: OpenAlert) -> None:
        day = _day_of(alert.window)
        if day is not None:
            page = self._draft.page(day) or Page(Day(day))
            self._draft.pages[day] = replace(page, alerts=(*page.alerts, alert))
        elif (entry := self._draft.entry(alert.window)) is not None:
            self._draft.keep(replace(entry, alerts=(*entry.alerts, alert)))

    def _taken_back(self, finding: ComplianceFinding, day: int) -> OpenAlert | None:
        """Return the alert that a finding updates, where it was put by."""
        for found in (self._from_page(day, finding), self._from_entry(finding.window, finding)):
            if found is not None:
                self._known.append(found)
                return found
        return None

    def _fetch(self, movement: Movement) -> None:
        page, entry = self._draft.page(movement.day), self._draft.entry(movement.id)
        if page is not None and page.alerts:
            self._draft.pages[movement.day] = replace(page, alerts=())
            self._known += page.alerts
        if entry is not None and entry.alerts:
            self._draft.keep(replace(entry, alerts=()))
            self._known += entry.alerts

    def _from_page(self, day: int, finding: ComplianceFinding) -> OpenAlert | None:
        page = self._draft.page(day)
        found = None if page is None else next((each for each in page.alerts if _is_about(each, finding)), None)
        if page is not None and found is not None:
            self._draft.pages[day] = replace(page, alerts=tuple([each for each in page.alerts if each is not found]))
        return found

    def _from_entry(self, movement_id: str, finding: ComplianceFinding) -> OpenAlert | None:
        entry = self._draft.entry(movement_id) if finding.rule in OF_ONE_MOVEMENT else None
        found = None if entry is None else next((each for each in entry.alerts if _is_about(each, finding)), None)
        if entry is not None and found is not None:
            self._draft.keep(replace(entry, alerts=tuple([each for each in entry.alerts if each is not found])))
        return found


def _day_of(window: str) -> int | None:
    """Return the business day that an alert's window names; None for a movement's id."""
    try:
        return (date.fromisoformat(window) - _EPOCH).days if len(window) == len("2026-03-10") else None
    except ValueError:
        return None


def _is_about(known: OpenAlert, finding: ComplianceFinding) -> bool:
    return (known.rule, known.window) == (finding.rule, finding.window)


def _reports(known: OpenAlert | None) -> int:
    return known is not None and known.status == OPEN and known.recommendation == SAR


def _goes_on(known: OpenAlert, at: int, limits: ComplianceLimits) -> bool:
    return known.rule in CONTINUING and known.status == OPEN and abs(at - known.detected_at) <= limits.continues_ms


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
