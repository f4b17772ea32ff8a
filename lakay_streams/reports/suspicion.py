"""Suspicions as reports to be: what goes into one, how much it is about, and what kinds of activity.

Source: 31 CFR 1022.320: a money services business reports suspicious activity of 2,000 US dollars or more in aggregate.
An officer may report what was only recommended for review, what no alert is about, and less than that voluntarily;
alerts about the cash of one day, or about missing data, are no ground for a report by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid5

from lakay_streams.contracts.alerts import ComplianceAlert, MovementEvidence
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.alert import OPEN, SAR_MIN_MINOR
from lakay_streams.domain.compliance.movement import IN, MONEY_ORDER, OUT, REMITTANCE, TRANSFER
from lakay_streams.domain.compliance.rules.structuring import NAME as STRUCTURING
from lakay_streams.errors import ReportError
from lakay_streams.reports.amounts import shown
from lakay_streams.reports.cases import Case
from lakay_streams.reports.fincen.values import cleaned
from lakay_streams.reports.narrative import Before, Paragraph, blocks, draft
from lakay_streams.reports.obligations import Need, Submission, cumulative_minor, needed
from lakay_streams.reports.periods import day_of

ACTIVITIES: Mapping[str, tuple[str, str]] = {
    STRUCTURING: ("114", "Structuring: transactions below the CTR threshold"),
    "rapid_movement": ("925", "Transaction with no apparent economic, business, or lawful purpose"),
    "circular_flow": ("925", "Transaction with no apparent economic, business, or lawful purpose"),
    "unusual_volume": ("812", "Transaction out of pattern for customer"),
    "funnel": ("824", "Funnel account"),
    "corridor": ("805", "Suspicious EFT or wire transfers"),
}
"""FinCEN's subtype of suspicious activity, and what it is called, by rule: the rules that may ground a report."""

BELOW_RECORDS = ("113", "Structuring: transactions below the recordkeeping threshold")
RECORDS_FROM_MINOR = 3_000_00
"""31 CFR 1010.410(e), 1010.415(a): transmittals and monetary instruments are recorded from 3,000 US dollars."""

_CASH, _FOREIGN_CASH, _MONEY_ORDERS, _TRANSFERS = "39", "32", "36", "33"

SUBTYPES: Mapping[str, str] = {
    "106": "Structuring: inquiry by the customer about reporting or recordkeeping requirements",
    "111": "Structuring: alters or cancels a transaction to avoid a record",
    "112": "Structuring: alters or cancels a transaction to avoid a CTR",
    "113": BELOW_RECORDS[1],
    "114": "Structuring: transactions below the CTR threshold",
    "312": "Fraud: wire transfer",
    "322": "Fraud: advance fee",
    "401": "Changes spelling or arrangement of name",
    "402": "Multiple individuals with same or similar identities",
    "403": "Provided questionable or false documentation",
    "404": "Refused or avoided request for documentation",
    "405": "Single individual with multiple identities",
    "409": "Provided questionable or false identification",
    "701": "Known or suspected terrorist or terrorist organization",
    "801": "Exchanges small bills for large bills or the reverse",
    "804": "Suspicious designation of beneficiaries, assignees or joint owners",
    "805": "Suspicious EFT or wire transfers",
    "806": "Suspicious receipt of government payments or benefits",
    "807": "Suspicious use of multiple accounts",
    "808": "Suspicious use of noncash monetary instruments",
    "809": "Suspicious use of third-party transactors",
    "812": "Transaction out of pattern for customer",
    "821": "Suspicion concerning the source of funds",
    "822": "Suspicious exchange of currencies",
    "824": "Funnel account",
    "905": "Identity theft",
    "909": "Suspicious use of informal value transfer system",
    "910": "Suspicious use of multiple locations",
    "911": "Two or more individuals working together",
    "913": "Unlicensed or unregistered MSB",
    "920": "Account takeover",
    "921": "Elder financial exploitation",
    "925": "Transaction with no apparent economic, business, or lawful purpose",
    "926": "Human smuggling",
    "927": "Human trafficking",
    "928": "Transaction involving a foreign high risk jurisdiction",
}
"""What an officer may report by hand: FinCEN's subtypes (schema SARX 1.2) that a money services business meets."""

_NAMESPACE = UUID("3f0a8f4e-7a0b-5f0e-9d55-6a1f5c1f6a2c")


class Draft(NamedTuple):
    """One report to be: about alerts, or about an officer's own suspicion, which has no cases.

    `ids` are the alerts', or the suspicion's own. `first` and `last` bound the activity that this report is about,
    `amount_minor` is what of it is suspicious, in US cents; `cumulative_minor` that of the whole chain, None unless it
    is a continuing report. `need` is None where nothing is to be filed. `edited` is an officer's text in the place of
    the paragraphs.
    """

    ids: tuple[str, ...]
    cases: tuple[Case, ...]
    customers: tuple[str, ...]
    activities: tuple[tuple[str, str], ...]
    instruments: tuple[str, ...]
    first: date
    last: date
    amount_minor: int
    cumulative_minor: int | None
    need: Need | None
    paragraphs: tuple[Paragraph, ...]
    edited: str | None

    @property
    def text(self) -> str:
        """The narrative as it goes to FinCEN."""
        return self.edited if self.edited is not None else " ".join(each.text for each in self.paragraphs)

    @property
    def pattern_minor(self) -> int:
        """What the whole pattern adds up to that this report is about."""
        return max([self.amount_minor, self.cumulative_minor or 0, *(amount_of(case.alert) for case in self.cases)])


class Suspicion(NamedTuple):
    """What an officer reports without an alert, in US cents. `continues` is the BSA identifier of what it goes on from.

    `subtype` is one of `SUBTYPES`.
    """

    customer: str
    subtype: str
    first: date
    last: date
    amount_minor: int
    narrative: str
    continues: str | None = None

    @property
    def case_id(self) -> str:
        """Its id: made of whom, what and since when, so that telling it again is an update of it."""
        return str(uuid5(_NAMESPACE, f"{self.customer}/{self.subtype}/{self.first}"))


def drafted(cases: Sequence[Case], zone: Zone, edited: str | None = None, *, voluntary: bool = False) -> Draft:
    """Return the draft of one report about one or several alerts, with the officer's text if there is one.

    Raises `ReportError` for alerts that are no ground for a report, that cannot go into one together, or that add up
    to less than must be reported unless it is `voluntary` (31 CFR 1022.320(a)(1)); and for a text that FinCEN would not
    take.
    """
    for case in cases:
        _refuse_groundless(case)
    # Where only a review is recommended, it is an officer who asks.
    cases = [case._replace(need=_asked(case)) for case in cases]
    need = _need_of(cases)
    if voluntary and need is not None:
        need = need._replace(due=None, counted_from="nothing: a voluntary report")
    amount = _amount(cases)
    chain = [each for case in cases for each in case.chain]
    days = [day for case in cases for day in _days(case, zone)]
    made = Draft(
        tuple(case.alert.alert_id for case in cases),
        tuple(cases),
        tuple(dict.fromkeys(case.alert.user_id for case in cases)),
        tuple(dict.fromkeys(activity for case in cases for activity in _activities(case))),
        tuple(sorted({code for case in cases for code in _instruments(case.movements)})),
        min(days),
        max(days),
        amount,
        None if need is None else cumulative_minor(chain, need, amount),
        need,
        tuple(paragraph for case in cases for paragraph in draft(case.alert, zone, _before(case, amount))),
        None if edited is None else _readable(edited),
    )
    _refuse_unneeded(made, voluntary)
    if made.pattern_minor < SAR_MIN_MINOR and not voluntary:
        raise ReportError(
            f"{_called(made)} adds up to {shown(made.pattern_minor)}, and a report is due from {shown(SAR_MIN_MINOR)} "
            "(31 CFR 1022.320(a)(2)): decline it with a reason, or make it a voluntary one."
        )
    blocks(made.text)
    return made


def refuse_unfit(told: Suspicion) -> None:
    """Raise `ReportError` for what no report can be made of."""
    if not told.customer or cleaned(told.customer) != told.customer:
        raise ReportError("The customer's id is empty, or has spaces at an end or hidden characters: correct it.")
    if told.subtype not in SUBTYPES:
        raise ReportError(f"{told.subtype!r} is no kind of suspicious activity: give one of {', '.join(SUBTYPES)}.")
    if told.amount_minor <= 0 or told.last < told.first:
        raise ReportError("Give an amount above zero, and a first day that is not after the last one.")


def by_hand(told: Suspicion, need: Need, chain: Sequence[Submission]) -> Draft:
    """Return the draft of a report that an officer makes without an alert, of what is not unfit.

    Raises `ReportError` as `drafted` does.
    """
    made = Draft(
        (told.case_id,),
        (),
        (told.customer,),
        ((told.subtype, SUBTYPES[told.subtype]),),
        (),
        told.first,
        told.last,
        told.amount_minor,
        cumulative_minor(chain, need, told.amount_minor),
        need,
        (),
        _readable(told.narrative),
    )
    _refuse_unneeded(made, voluntary=need.due is None)
    if made.pattern_minor < SAR_MIN_MINOR and need.due is not None:
        raise ReportError(
            f"{shown(made.pattern_minor)} is less than the {shown(SAR_MIN_MINOR)} from which a report is due (31 CFR "
            "1022.320(a)(2)): make it a voluntary one."
        )
    blocks(made.text)
    return made


def amount_of(alert: ComplianceAlert) -> int:
    """Return the US cents that are suspicious: what was split, else the larger of what came in and what left.

    Money that came in and left again is not counted twice.
    """
    if alert.rule == STRUCTURING:
        return int(alert.evidence.values["total_minor"])
    return max(alert.totals.in_minor, alert.totals.out_minor)


def _refuse_unneeded(made: Draft, voluntary: bool) -> None:
    if voluntary and made.pattern_minor >= SAR_MIN_MINOR:
        raise ReportError(
            f"{_called(made)} adds up to {shown(made.pattern_minor)}, and from {shown(SAR_MIN_MINOR)} a report is due "
            "(31 CFR 1022.320(a)(2)): it is no voluntary one."
        )


def _refuse_groundless(case: Case) -> None:
    alert = case.alert
    if alert.status != OPEN:
        raise ReportError(
            f"Alert {alert.alert_id} was {alert.status}: nothing is to be reported, unless an officer does it by hand."
        )
    if alert.rule not in ACTIVITIES:
        raise ReportError(
            f"Alert {alert.alert_id} of the rule {alert.rule} is no ground for a suspicious activity report by itself "
            "(FinCEN's answers of October 2025): choose one of " + ", ".join(ACTIVITIES) + "."
        )


def _need_of(cases: Sequence[Case]) -> Need | None:
    """Return what is yet to be filed about all the cases together: due as the first of them is."""
    found = [case.need for case in cases if case.need is not None]
    if len(cases) > 1 and len(found) < len(cases):
        filed = next(case for case in cases if case.need is None)
        raise ReportError(f"Alert {filed.alert.alert_id} is {filed.status} already: leave it out of this report.")
    if len({(need.form, need.prior) for need in found}) > 1:
        raise ReportError(
            "These alerts cannot go into one report, since what is to be filed of them corrects or continues different "
            "reports: draft them one by one."
        )
    return min(found, key=lambda need: need.due or date.max, default=None)


def _asked(case: Case) -> Need | None:
    """Return what is to be filed, also where only a review is recommended, which an officer then has held."""
    if case.need is not None or case.status in {"filed", "declined"}:
        return case.need
    return needed(case.ground._replace(kind="sar", withdrawn=False), None, case.chain)


def _amount(cases: Sequence[Case]) -> int:
    """Return the US cents of what the cases are about, each movement once."""
    seen: set[tuple[str, str]] = set()
    total = 0
    for case in cases:
        about = [each for each in case.movements if (case.alert.user_id, each.movement_id) not in seen]
        seen.update((case.alert.user_id, each.movement_id) for each in about)
        # The alert's own sums are whole, also where its evidence is not.
        if len(about) == len(case.alert.evidence.movements):
            total += amount_of(case.alert)
        elif case.alert.rule == STRUCTURING:
            total += sum(each.usd_minor or 0 for each in about)
        else:
            total += max(sum(each.usd_minor or 0 for each in about if each.direction == way) for way in (IN, OUT))
    return total


def _days(case: Case, zone: Zone) -> tuple[date, date]:
    if case.whole or not case.movements:
        return (day_of(to_millis(case.alert.since), zone), day_of(to_millis(case.alert.until), zone))
    days = [day_of(to_millis(each.at), zone) for each in case.movements]
    return min(days), max(days)


def _activities(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the kinds of activity; of structuring also that below what must be recorded, where parts are.

    31 CFR 1010.410(e) and 1010.415 ask for records from 3,000 US dollars: two amounts below it that together reach it
    may have been split to evade them.
    """
    yield ACTIVITIES[case.alert.rule]
    if case.alert.rule != STRUCTURING:
        return
    small = [each.usd_minor for each in case.movements if each.usd_minor and each.usd_minor < RECORDS_FROM_MINOR]
    if len(small) > 1 and sum(small) >= RECORDS_FROM_MINOR:
        yield BELOW_RECORDS


def _before(case: Case, amount_minor: int) -> Before | None:
    """Return which report the next one corrects or continues, for its narrative."""
    need = case.need
    if need is None or need.prior is None:
        return None
    filed_on = next((each.filed_on for each in case.chain if each.bsa_id == need.prior), None)
    about = None if case.whole else frozenset(each.movement_id for each in case.movements)
    return Before(need.form, need.prior, filed_on, amount_minor, about)


def _readable(text: str) -> str:
    """Return an officer's text without halves of surrogates, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-8", "ignore").decode()


def _called(made: Draft) -> str:
    return " and ".join(f"Alert {each}" for each in made.ids) if made.cases else "This suspicion"


def _instruments(movements: Sequence[MovementEvidence]) -> set[str]:
    """Return FinCEN's codes of what was used: currency, foreign currency, money orders, funds transfers."""
    used = set()
    for movement in movements:
        if movement.cash:
            used.add(_CASH if movement.currency == "USD" else _FOREIGN_CASH)
        if movement.payment_method == MONEY_ORDER:
            used.add(_MONEY_ORDERS)
        if movement.channel in {TRANSFER, REMITTANCE}:
            used.add(_TRANSFERS)
    return used
