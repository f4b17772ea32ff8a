"""A customer's money in a few lines of text, by New York's clock, and what compliance finds in it.

03-10 12:00 deposit 9,500 cash            month-day, time, what, US dollars (or 100 EUR), how it is paid (- for unknown)
03-10 12:00 transfer 100 wallet to anne   also withdraw, pay, remit (to Haiti)
03-10 12:00 receive 100 from anne         a transfer of another user
03-10 12:00 payout 900 from sol           of a circle to the customer's account; `cash-payout` without an account
03-10 12:00 contribute 50 to sol          as the circle tells it; `paid-in` as the transaction does
03-10 13:00 fails 1                       the first line's movement, told at that time
03-10 13:00 again 1                       told as completed once more
03-10 12:00 asks 100 cash                 initiated and never completed
03-10 12:00 backwards 100 cash            completed before it was initiated, in the order of telling
03-10 12:00 less 100 90 cash              asked 100, completed with 90
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lakay_streams.domain.compliance.alert import OPEN, ComplianceAlert, EddTrigger
from lakay_streams.domain.compliance.corridors import Peers
from lakay_streams.domain.compliance.decide import NO_PEERS, ComplianceDecision, decide
from lakay_streams.domain.compliance.ledger import Kept
from lakay_streams.domain.compliance.limits import DEFAULT_LIMITS, ComplianceLimits
from lakay_streams.domain.compliance.state import NEW_CUSTOMER, ComplianceState
from lakay_streams.domain.events import (
    MoneyMoved,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
)
from lakay_streams.domain.money import DEFAULT_RATES, Rates, minor_digits

NEW_YORK = ZoneInfo("America/New_York")
USER = "customer"
SHORT = {"recommend_sar": "sar", "recommend_review": "review", "file_ctr": "file", "complete_record": "complete"}
TYPES = {"withdraw": "withdrawal", "pay": "payment", "paid-in": "circle_contribution"}


class Customer:
    """One customer; each line is told at once, in the order of the lines."""

    def __init__(
        self,
        limits: ComplianceLimits = DEFAULT_LIMITS,
        rates: Rates = DEFAULT_RATES,
        peers: Mapping[str, Peers] = NO_PEERS,
    ) -> None:
        """Begin with a customer nothing is known of."""
        self.limits, self.rates, self.peers = limits, rates, peers
        self.state: ComplianceState = NEW_CUSTOMER
        self.ledger = Kept()
        self.alerts: list[ComplianceAlert] = []
        self.triggers: list[EddTrigger] = []
        self.decisions: list[ComplianceDecision] = []
        self._moved: list[tuple[str, str]] = []
        self._events = 0

    def lives(self, story: str) -> Customer:
        """Tell every line of a story."""
        for line in story.strip().splitlines():
            words = line.split()
            self._tell(instant(words[0], words[1]), words[2], words[3:])
        return self

    def told(self, event: Any) -> ComplianceDecision:
        """Tell one event."""
        decision = decide(self.state, self.ledger, event, self.limits, self.rates, self.peers)
        self.state = decision.state
        self.ledger.take(decision.entries, decision.pages)
        self.alerts += decision.alerts
        self.triggers += [decision.edd] if decision.edd else []
        self.decisions.append(decision)
        return decision

    @property
    def open(self) -> dict[tuple[str, str], ComplianceAlert]:
        """The last revision of each alert that was not withdrawn, by rule and window."""
        last = {(alert.finding.rule, alert.finding.window): alert for alert in self.alerts}
        return {key: alert for key, alert in last.items() if alert.status == OPEN}

    @property
    def found(self) -> str:
        """What is open, as the table writes it: rules with what they recommend, in order."""
        recommended = sorted((rule, alert.finding.recommendation) for (rule, _), alert in self.open.items())
        return " ".join(f"{rule}:{SHORT.get(what, what)}" for rule, what in recommended)

    def the(self, rule: str) -> ComplianceAlert:
        """Return the one open alert of a rule."""
        (alert,) = [alert for (each, _), alert in self.open.items() if each == rule]
        return alert

    def _id(self) -> str:
        self._events += 1
        return f"event-{self._events}"

    def _tell(self, at: int, what: str, words: list[str]) -> None:
        if what in {"fails", "again"}:
            self._tell_again(at, what, int(words[0]))
            return
        movement_id = f"movement-{len(self._moved) + 1}"
        amounts = []
        while words and words[0][0].isdigit():
            amounts.append(words.pop(0))
        currency = words.pop(0) if words and words[0].isupper() else "USD"
        asked, completed = minor(amounts[0], currency), minor(amounts[-1], currency)
        other = words[words.index("to") + 1] if "to" in words else None
        other = words[words.index("from") + 1] if "from" in words else other
        method = words[0] if words and words[0] not in {"to", "from", "-"} else None
        self._moved.append(("remittance" if what == "remit" else "transaction", movement_id))
        if what in {"receive", "payout", "cash-payout", "contribute"}:
            direction = "out" if what == "contribute" else "in"
            channel = {"receive": "transfer", "contribute": "circle_contribution"}.get(what, "circle_payout")
            paid = "wallet" if what == "payout" else None
            self.told(
                MoneyMoved(
                    self._id(), "money-moved", at, USER, movement_id, direction, channel, completed, currency, other,
                    None, paid,
                )
            )  # fmt: skip
            return
        if what == "remit":
            self.told(
                RemittanceEvent(
                    self._id(), "remittance-initiated", at, USER, movement_id, other, asked, currency,
                    destination_country="HT", payment_method=method,
                )
            )  # fmt: skip
            self.told(RemittanceEvent(self._id(), "remittance-completed", at, USER, movement_id))
            return
        kind = {"asks": "deposit", "backwards": "deposit", "less": "deposit", **TYPES}.get(what, what)
        initiated = TransactionInitiated(
            self._id(), "transaction-initiated", at, USER, movement_id, asked, currency, kind, other,
            payment_method=method,
        )  # fmt: skip
        amount = completed if what == "less" else None
        done = TransactionUpdated(
            self._id(), "transaction-completed", at, USER, movement_id, amount, currency if amount else None
        )
        events: list[TransactionInitiated | TransactionUpdated] = [initiated, done]
        if what == "backwards":
            events.reverse()
        for event in events[:1] if what == "asks" else events:
            self.told(event)

    def _tell_again(self, at: int, what: str, number: int) -> None:
        source, movement_id = self._moved[number - 1]
        outcome = "failed" if what == "fails" else "completed"
        if source == "remittance":
            self.told(RemittanceEvent(self._id(), f"remittance-{outcome}", at, USER, movement_id))
        else:
            self.told(TransactionUpdated(self._id(), f"transaction-{outcome}", at, USER, movement_id))


def instant(day: str, time: str) -> int:
    """Return ms UTC of a moment of 2026 by New York's clock."""
    time = (time if time.count(":") == 2 else f"{time}:00").zfill(8)
    local = datetime.fromisoformat(f"2026-{day}T{time}").replace(tzinfo=NEW_YORK)
    return round(local.timestamp() * 1000)


def minor(amount: str, currency: str) -> int:
    """Return an amount such as 1,234.56 in minor units."""
    whole, _, fraction = amount.replace(",", "").partition(".")
    digits = minor_digits(currency)
    return int(whole + fraction.ljust(digits, "0")[:digits])
