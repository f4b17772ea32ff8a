"""The draft of a suspicious activity report's narrative, for an officer to edit: who, what, when, where, why and how.

Every number, date and name in it is a value of the alert, and is kept with the path of that value in the alert (a JSON
pointer) and the id of the evidence that has it: a movement's, else the alert's. What is told of an earlier report has
the path of its value in the report (`/filing`, `/amount`). Nothing is computed for the narrative, and the sentences
around the values hold none. As FinCEN's answers of October 2025 ask, no transaction is reported for
being near a threshold: what speaks of intent is told instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from lakay_streams.contracts.alerts import ComplianceAlert, MovementEvidence
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.movement import ASSUMED, IN
from lakay_streams.errors import ReportError
from lakay_streams.reports.amounts import shown
from lakay_streams.reports.fincen.values import cleaned
from lakay_streams.reports.periods import day_of

BLOCK_CHARS, BLOCKS, MOST_CHARS = 4_000, 5, 17_000
"""FinCEN takes five blocks of at most 4,000 characters, and 17,000 in all."""

MOVEMENTS_CHARS, PAIRS_CHARS = 8_000, 4_000
"""Characters after which transactions, and matched pairs, are no longer told one by one."""

_FIELD = re.compile(r"\{(\w+)\}")


class Fact(NamedTuple):
    """A value as the text tells it, its JSON pointer in the alert, and the id of the evidence that has it."""

    text: str
    path: str
    evidence_id: str


class Paragraph(NamedTuple):
    """What is told of one question, with every value in it."""

    topic: str
    text: str
    facts: tuple[Fact, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"topic": self.topic, "text": self.text, "facts": [fact._asdict() for fact in self.facts]}


class Before(NamedTuple):
    """The report that this one corrects or continues, and how much this one is about: US cents, and which movements.

    `filed_on` is None where only its identifier is known; `about` None where this one is about the whole alert.
    """

    form: str
    bsa_id: str
    filed_on: date | None
    amount_minor: int
    about: frozenset[str] | None


class _Drafter:
    """Writes sentences whose values are facts."""

    def __init__(self, alert: ComplianceAlert, zone: Zone, before: Before | None) -> None:
        self.alert = alert
        self.before = before
        self._zone = zone

    def movements(self) -> Iterator[tuple[int, MovementEvidence]]:
        """Yield the movements that the report is about, with their place in the alert."""
        about = self.before.about if self.before is not None else None
        for number, movement in enumerate(self.alert.evidence.movements):
            if about is None or movement.movement_id in about:
                yield number, movement

    def say(self, sentence: str, **facts: Fact) -> tuple[str, tuple[Fact, ...]]:
        """Return a sentence with facts in the place of its {fields}, and the facts in their order."""
        named = [facts[name] for name in _FIELD.findall(sentence)]
        return _FIELD.sub(lambda field: facts[field[1]].text, sentence), tuple(named)

    def of_alert(self, path: str, text: str) -> Fact:
        return Fact(text, path, self.alert.alert_id)

    def money(self, path: str, minor: int) -> Fact:
        return self.of_alert(path, shown(minor))

    def day(self, path: str, at: str) -> Fact:
        return self.of_alert(path, day_shown(day_of(to_millis(at), self._zone)))

    def of_movement(self, number: int, field: str, text: str) -> Fact:
        movement = self.alert.evidence.movements[number]
        return Fact(text, f"/evidence/movements/{number}/{field}", movement.movement_id)


_Said = Iterator[tuple[str, tuple[Fact, ...]]]


def draft(alert: ComplianceAlert, zone: Zone, before: Before | None = None) -> tuple[Paragraph, ...]:
    """Return the draft, a paragraph for each question, and one about the report `before` it."""
    drafter = _Drafter(alert, zone, before)
    told = (
        *([("before", _before(drafter, before))] if before is not None else []),
        ("who", _who(drafter)),
        ("what", _what(drafter)),
        ("when", _when(drafter)),
        ("where", _where(drafter)),
        ("why", _why(drafter)),
        ("how", _how(drafter)),
    )
    return tuple(_paragraph(topic, said) for topic, said in told)


def blocks(text: str) -> list[str]:
    """Return a narrative in FinCEN's blocks, broken between words.

    Raises `ReportError` for one that is empty, or longer than FinCEN takes.
    """
    rest = cleaned(text)
    if not rest or len(rest) > MOST_CHARS:
        raise ReportError(
            f"The narrative has {len(rest):,} characters, and FinCEN takes 1 to {MOST_CHARS:,}: "
            f"{'shorten it' if rest else 'write one'}."
        )
    found = []
    while len(rest) > BLOCK_CHARS:
        end = rest.rfind(" ", 1, BLOCK_CHARS + 1)
        end = end if end > 0 else BLOCK_CHARS
        found.append(rest[:end])
        rest = rest[end:].lstrip()
    found.append(rest)
    if len(found) > BLOCKS:
        raise ReportError(f"The narrative does not fit into {BLOCKS} blocks of {BLOCK_CHARS:,} characters: shorten it.")
    return found


def day_shown(day: date) -> str:
    """Return a day as FinCEN's guidance on narratives writes it, MM/DD/YYYY."""
    return f"{day:%m/%d/%Y}"


def _paragraph(topic: str, said: _Said) -> Paragraph:
    sentences = list(said)
    return Paragraph(
        topic, " ".join(text for text, _ in sentences), tuple(fact for _, facts in sentences for fact in facts)
    )


def _before(drafter: _Drafter, before: Before) -> _Said:
    what = "corrects" if before.form == "correction" else "continues"
    yield drafter.say(
        f"This report {what} the suspicious activity report {{prior}}.",
        prior=drafter.of_alert("/filing/bsa_id", before.bsa_id),
    )
    if before.filed_on is not None:
        filed_on = drafter.of_alert("/filing/filed_on", day_shown(before.filed_on))
        yield drafter.say("That report was filed on {filed_on}.", filed_on=filed_on)
    if before.about is not None:
        yield drafter.say(
            "Of the activity told below, {amount} belongs to this report; the transactions listed are its own.",
            amount=drafter.of_alert("/amount/amount", shown(before.amount_minor)),
        )


def _who(drafter: _Drafter) -> _Said:
    alert = drafter.alert
    yield drafter.say("The subject is the customer {customer}.", customer=drafter.of_alert("/user_id", alert.user_id))
    yield drafter.say(
        "The monitoring system knows the customer by this identifier only; names, address and identification are in "
        "the institution's own records."
    )
    seen: set[str] = set()
    for number, movement in drafter.movements():
        other = movement.counterparty_id
        if other and other not in seen:
            seen.add(other)
            yield drafter.say(
                "The other party of transaction {movement} is {other}.",
                movement=drafter.of_movement(number, "movement_id", movement.movement_id),
                other=drafter.of_movement(number, "counterparty_id", other),
            )


def _what(drafter: _Drafter) -> _Said:
    alert, totals = drafter.alert, drafter.alert.totals
    yield drafter.say("What was found: {reason}.", reason=drafter.of_alert("/reason", alert.reason.rstrip(".")))
    yield drafter.say(
        "The transactions number {movements}; {came_in} came into the customer's account and {left} left it.",
        movements=drafter.of_alert("/totals/movements", str(totals.movements)),
        came_in=drafter.money("/totals/in_minor", totals.in_minor),
        left=drafter.money("/totals/out_minor", totals.out_minor),
    )
    if totals.cash_in_minor or totals.cash_out_minor:
        yield drafter.say(
            "In currency, {cash_in} was handed in and {cash_out} was handed out.",
            cash_in=drafter.money("/totals/cash_in_minor", totals.cash_in_minor),
            cash_out=drafter.money("/totals/cash_out_minor", totals.cash_out_minor),
        )


def _when(drafter: _Drafter) -> _Said:
    alert = drafter.alert
    yield drafter.say(
        "The activity took place from {since} to {until} and was first detected on {detected}.",
        since=drafter.day("/since", alert.since),
        until=drafter.day("/until", alert.until),
        detected=drafter.day("/detected_at", alert.detected_at),
    )
    yield from _bounded(_movements(drafter), MOVEMENTS_CHARS, "Further transactions are in the institution's records.")
    if alert.evidence.truncated:
        yield drafter.say("Some earlier transactions are in these totals and are no longer listed one by one.")


def _movements(drafter: _Drafter) -> _Said:
    for number, movement in drafter.movements():

        def of(field: str, text: str, number: int = number) -> Fact:
            return drafter.of_movement(number, field, text)

        way = "into the account" if movement.direction == IN else "out of the account"
        paid = f", paid by {movement.payment_method.replace('_', ' ')}" if movement.payment_method else ""
        amount = of("amount", f"{movement.amount} {movement.currency}")
        if movement.currency == "USD" and movement.usd_minor is not None:
            amount = of("usd_minor", shown(movement.usd_minor))
        yield drafter.say(
            f"On {{day}}, a {movement.channel.replace('_', ' ')} of {{amount}} {way}{paid} (transaction {{movement}}).",
            day=of("business_day", day_shown(date.fromisoformat(movement.business_day))),
            amount=amount,
            movement=of("movement_id", movement.movement_id),
        )


def _where(drafter: _Drafter) -> _Said:
    seen: set[tuple[str, str]] = set()
    for number, movement in drafter.movements():
        for field, value, sentence in (
            (
                "destination_country",
                movement.destination_country,
                "Money was sent to {value} (transaction {movement}).",
            ),
            ("device_id", movement.device_id, "The device {value} was used (transaction {movement})."),
        ):
            if value and (field, value) not in seen:
                seen.add((field, value))
                yield drafter.say(
                    sentence,
                    value=drafter.of_movement(number, field, value),
                    movement=drafter.of_movement(number, "movement_id", movement.movement_id),
                )
    yield drafter.say("At which location currency was handed over is not known to the monitoring system.")


def _why(drafter: _Drafter) -> _Said:
    alert = drafter.alert
    yield drafter.say(
        "The activity is suspicious by the rule {rule} ({regulation}), with a confidence of {confidence} on a scale "
        "from zero to one.",
        rule=drafter.of_alert("/rule", alert.rule),
        regulation=drafter.of_alert("/regulation", alert.regulation),
        confidence=drafter.of_alert("/confidence", f"{alert.confidence:g}"),
    )
    for number, signal in enumerate(alert.evidence.signals):
        if signal.value > 0:
            yield drafter.say(
                "A sign of it ({signal}): {reason}.",
                signal=drafter.of_alert(f"/evidence/signals/{number}/signal", signal.signal),
                reason=drafter.of_alert(f"/evidence/signals/{number}/reason", signal.reason),
            )
    yield drafter.say("No single transaction is reported here for being near a reporting threshold.")


def _how(drafter: _Drafter) -> _Said:
    alert = drafter.alert
    if alert.evidence.pairs:
        yield from _bounded(_pairs(drafter), PAIRS_CHARS, "Further matched amounts are in the institution's records.")
    else:
        yield drafter.say("The transactions were made one by one, as listed above.")
    if any(movement.cash and movement.cash_basis == ASSUMED for movement in alert.evidence.movements):
        yield drafter.say("Where no payment method was recorded, the transactions were taken to be in currency.")


def _pairs(drafter: _Drafter) -> _Said:
    for number, pair in enumerate(drafter.alert.evidence.pairs):
        path = f"/evidence/pairs/{number}"
        yield drafter.say(
            "Of transaction {money_in}, {amount} left again with transaction {money_out}.",
            money_in=Fact(pair.money_in, f"{path}/money_in", pair.money_in),
            amount=Fact(shown(pair.usd_minor), f"{path}/usd_minor", pair.money_in),
            money_out=Fact(pair.money_out, f"{path}/money_out", pair.money_out),
        )


def _bounded(said: _Said, most: int, otherwise: str) -> _Said:
    used = 0
    for text, facts in said:
        used += len(text)
        if used > most:
            yield otherwise, ()
            return
        yield text, facts
