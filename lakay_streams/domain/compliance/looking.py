"""One event's look at what it changed: which rules look from where, and which alerts their findings go on with.

    counted    every rule looks from the movement; what it finds opens an alert, or updates the one it belongs to
    received   the rules about cash look from what was handed in for a remittance
    attempted  structuring looks from what was asked for and came to nothing
    returned   the rules of the alerts that the movement may be part of look again; those that find nothing withdraw
               it, but not a suspicion: what was attempted is reported, too
    corrected  both: from the movement as it is, and again at what rested on it as it was

What happened before the time that the customer's record covers is looked at in the ledger (`around`). Alerts beyond
`ALERTS_KEPT` stand there, too, each with its day or its movement, and go on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance.alert import OPEN, ComplianceAlert, ComplianceFinding
from lakay_streams.domain.compliance.around import around
from lakay_streams.domain.compliance.change import Change, Lost
from lakay_streams.domain.compliance.corridors import Peers, corridor_of
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.ledger import Draft, Page
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import REMITTANCE, Movement
from lakay_streams.domain.compliance.revising import goes_on, is_about, is_update, recommends_report, revised, sent
from lakay_streams.domain.compliance.rules import (
    ABOUT_CASH,
    ABOUT_FLOWS,
    OF_ONE_MOVEMENT,
    RULES,
    SUSPICION,
    Rule,
    could_not_be_counted,
    structuring,
)
from lakay_streams.domain.compliance.state import ALERTS_KEPT, ComplianceState, OpenAlert, is_early
from lakay_streams.domain.compliance.telling import MoneyEvent
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.frozen import replace

_EPOCH = date(1970, 1, 1)

_RULES = tuple(RULES.values())
_ABOUT_FLOWS = tuple(RULES[name] for name in ABOUT_FLOWS)
_ABOUT_CASH = tuple(RULES[name] for name in ABOUT_CASH)
_ABOUT_ATTEMPTS = (RULES[structuring.NAME],)


def look(
    draft: Draft,
    changes: Iterable[Change],
    lost: Iterable[Lost],
    event: MoneyEvent,
    limits: ComplianceLimits,
    peers: Mapping[str, Peers],
) -> list[ComplianceAlert]:
    """Return what is to be told of what an event changed in `draft`, which remembers it; `peers` are by corridor."""
    looking = _Looking(draft, event, limits, peers)
    for change in changes:
        looking.at(change)
    for each in lost:
        looking.at_lost(each)
    looking.done()
    return looking.alerts


class _Looking:
    """One event's look at what it changed; `alerts` are what is to be told."""

    __slots__ = ("_draft", "_event", "_known", "_limits", "_peers", "_reports", "_updated", "alerts")

    def __init__(self, draft: Draft, event: MoneyEvent, limits: ComplianceLimits, peers: Mapping[str, Peers]) -> None:
        self._draft = draft
        self._event = event
        self._limits = limits
        self._peers = peers
        self._known = list(draft.state.alerts)
        self._reports = draft.state.reports
        self._updated: set[tuple[str, str]] = set()
        self.alerts: list[ComplianceAlert] = []

    def done(self) -> None:
        """Put the alerts into the record, and those for which it has no room where they can be found."""
        state = self._draft.state
        if not self.alerts and len(self._known) == len(state.alerts):
            return
        for alert in self._known[:-ALERTS_KEPT]:
            self._put_by(alert)
        self._draft.state = replace(state, alerts=tuple(self._known[-ALERTS_KEPT:]), reports=self._reports)

    def at(self, change: Change) -> None:
        """Look at what counts otherwise than before."""
        if change.receipt is not None:
            self._from(change.receipt, _ABOUT_CASH)
        if change.movement is not None:
            movement = change.movement
            is_plain = movement.direction and movement.usd_minor is not None and not movement.handed
            self._from(movement, _ABOUT_FLOWS if is_plain else _RULES)
        if change.attempt is not None:
            self._from(change.attempt, _ABOUT_ATTEMPTS)
        if change.receipt_before is not None:
            self._again(change.receipt_before, failed=False)
        if change.movement_before is not None:
            self._again(change.movement_before, failed=change.movement is None)

    def at_lost(self, lost: Lost) -> None:
        """Tell what could not be counted."""
        day = business_day(lost.at, self._limits.zone)
        finding = could_not_be_counted.evaluate(Facts(self._draft.state, self._limits, lost.at, day, lost=lost))
        if finding is not None and not any(is_about(each, finding) for each in self._known):
            self._tell(None, finding)

    def _from(self, movement: Movement, rules: Iterable[Rule]) -> None:
        limits = self._limits
        running: tuple[tuple[str, int], ...] = ()
        if self._known:
            running = tuple([(each.rule, each.since) for each in self._known if goes_on(each, movement.at, limits)])
        state = self._around(movement.at, movement.day)
        peers = self._peers.get(corridor_of(movement)) if movement.channel == REMITTANCE else None
        facts = Facts(state, limits, movement.at, movement.day, movement, peers, running)
        for rule in rules:
            finding = rule(facts)
            if finding is not None:
                before = next((each for each in self._known if is_update(each, finding, limits)), None)
                self._tell(before or self._taken_back(finding, movement.day), finding)

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
        state = self._draft.state
        return around(self._draft, at, day, self._limits) if is_early(state, at) else state

    def _tell(self, before: OpenAlert | None, finding: ComplianceFinding) -> None:
        alert, after = sent(before, self._event, finding, self._limits)
        self._replace(before, after, alert)

    def _revise(self, known: OpenAlert, finding: ComplianceFinding | None) -> None:
        alert, after = revised(known, self._event, finding, self._limits)
        self._replace(known, after, alert)

    def _replace(self, before: OpenAlert | None, after: OpenAlert, alert: ComplianceAlert) -> None:
        if before is not None:
            self._known.remove(before)
        self._known.append(after)
        self.alerts.append(alert)
        self._updated.add((after.rule, after.window))
        self._reports += recommends_report(after) - recommends_report(before)

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
        found = None if page is None else next((each for each in page.alerts if is_about(each, finding)), None)
        if page is not None and found is not None:
            self._draft.pages[day] = replace(page, alerts=tuple([each for each in page.alerts if each is not found]))
        return found

    def _from_entry(self, movement_id: str, finding: ComplianceFinding) -> OpenAlert | None:
        entry = self._draft.entry(movement_id) if finding.rule in OF_ONE_MOVEMENT else None
        found = None if entry is None else next((each for each in entry.alerts if is_about(each, finding)), None)
        if entry is not None and found is not None:
            self._draft.keep(replace(entry, alerts=tuple([each for each in entry.alerts if each is not found])))
        return found


def _day_of(window: str) -> int | None:
    """Return the business day that an alert's window names; None for a movement's id."""
    try:
        return (date.fromisoformat(window) - _EPOCH).days if len(window) == len("2026-03-10") else None
    except ValueError:
        return None
