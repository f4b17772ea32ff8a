"""Currency transaction reports: one per customer and business day, cash in and cash out apart, never netted.

Source: 31 CFR 1010.311, 1010.313, 1010.306(a)(1); FinCEN CTR XML Schema User Guide 1.8 (August 2021) and the electronic
filing instructions in it; FinCEN's frequently asked questions about the CTR, 18 and 27. A way (in or out) is reportable
when it is above the threshold under which the alert was made; the other way of the day is told in the document and left
out of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from lakay_streams.contracts.alerts import ComplianceAlert, MovementEvidence
from lakay_streams.domain.compliance.movement import (
    CONTRIBUTION,
    DEPOSIT,
    IN,
    OUT,
    PAYMENT,
    PAYOUT,
    REMITTANCE,
    STATED,
    TRANSFER,
    WITHDRAWAL,
)
from lakay_streams.reports.amounts import dollars_up, parts_up, shown
from lakay_streams.reports.batch import CONDUCTOR, EIN, IRS, LOCATION, Batch, Element, account_of, missing_of
from lakay_streams.reports.cases import Case
from lakay_streams.reports.fincen.rules import ctr_counts
from lakay_streams.settings.domains import FilingSettings

REGULATION = "31 CFR 1010.311, 1010.313, 1010.306"

OTHER = {IN: "997", OUT: "998"}
FOREIGN = {IN: "53", OUT: "54"}
AFFECTED = {IN: "8", OUT: "9"}

DETAILS: Mapping[tuple[str, str], str] = {
    (IN, DEPOSIT): "55",
    (IN, PAYMENT): "46",
    (IN, CONTRIBUTION): "46",
    (IN, REMITTANCE): "23",
    (IN, TRANSFER): "23",
    (OUT, WITHDRAWAL): "56",
    (OUT, REMITTANCE): "32",
    (OUT, TRANSFER): "32",
}
"""FinCEN's code for cash of a way and channel; what is not listed is other cash in or out, described as below."""

DESCRIBED: Mapping[str, str] = {
    DEPOSIT: "deposit",
    WITHDRAWAL: "withdrawal",
    PAYMENT: "payment",
    CONTRIBUTION: "circle contribution",
    PAYOUT: "circle payout",
    REMITTANCE: "remittance",
    TRANSFER: "transfer",
}
"""How cash of a kind that FinCEN does not list is described: our words, and never a producer's."""

NOT_DESCRIBED, SEVERAL_KINDS = "kind to be determined", "several kinds of cash"
DETAIL_CHARS = 50

COUNTRY_OF = {
    "HTG": "HT", "CAD": "CA", "GBP": "GB", "DOP": "DO", "BRL": "BR", "CLP": "CL", "MXN": "MX", "JMD": "JM", "BSD": "BS",
}  # fmt: skip
"""The country of a foreign currency, where it has just one."""

UNKNOWN = (
    "person: legal name, date of birth, gender, address, taxpayer number and identification",
    "person: occupation or business",
    "person: who handed the cash over or received it, if not the customer on own behalf",
    "location: where the cash was handed over, if not at the filer's own office",
)
"""What no event tells of a currency transaction."""


def document(cases: Sequence[Case], filer: FilingSettings) -> dict[str, Any]:
    """Return the report of a period, JSON-ready."""
    reports = [_report(case) for case in cases]
    basis = Counter(report["basis"] for report in reports)
    notes = []
    if basis.keys() - {STATED}:
        notes.append(
            f"{basis.total() - basis[STATED]} of {len(reports)} rest on money taken for cash because no payment method "
            "was given (COMPLIANCE_ASSUME_CASH): find out before filing."
        )
    if old := [each for report in reports for each in report["movements"] if each["rate_is_old"]]:
        notes.append(
            f"{len(old)} {'transaction was' if len(old) == 1 else 'transactions were'} converted at a rate older than "
            "the business day, as is said beside the amount: find out the day's own rate before filing."
        )
    return {
        "regulation": REGULATION,
        "reports": reports,
        "totals": {
            "reports": len(reports),
            "to_file": sum(report["in_batch"] for report in reports),
            "customers": len({report["customer"] for report in reports}),
            "cash_in_minor": sum(report["cash_in"]["minor"] for report in reports),
            "cash_out_minor": sum(report["cash_out"]["minor"] for report in reports),
        },
        "missing": [*_missing(cases), *missing_of(filer)] if reports else [],
        "notes": notes,
    }


def batch(cases: Sequence[Case], filer: FilingSettings, today: date) -> str | None:
    """Return the batch of what is yet to be filed, dated `today`; None where nothing is."""
    to_file = [case for case in cases if case.to_file]
    if not to_file:
        return None
    written = Batch("CTRX", filer)
    for case in to_file:
        _activity(written, case, today)
    return written.finished(**ctr_counts(written.root))


def _report(case: Case) -> dict[str, Any]:
    alert = case.alert
    reportable = _reportable(alert)
    cash = {IN: alert.totals.cash_in_minor, OUT: alert.totals.cash_out_minor}
    return {
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "settings_version": alert.settings_version,
        "customer": alert.user_id,
        "business_day": alert.business_day,
        "due": alert.due_date,
        "basis": alert.basis or STATED,
        **{
            f"cash_{way}": {
                "minor": minor,
                "amount": shown(minor),
                "dollars": reportable.get(way),
                "reportable": way in reportable,
            }
            for way, minor in cash.items()
        },
        "movements": [msgspec.to_builtins(movement) for movement in alert.evidence.movements],
        "truncated": alert.evidence.truncated,
        "filing": case.told(),
        "in_batch": case.to_file,
    }


def _reportable(alert: ComplianceAlert) -> dict[str, int]:
    """Return whole dollars of each way that is above the threshold."""
    threshold = int(alert.evidence.values["threshold_minor"])
    cash = {IN: alert.totals.cash_in_minor, OUT: alert.totals.cash_out_minor}
    return {way: dollars_up(minor) for way, minor in cash.items() if minor > threshold}


def _missing(cases: Sequence[Case]) -> list[str]:
    missing = list(UNKNOWN)
    if any(account_of(case.alert.user_id) is None for case in cases):
        missing.append("person: account number, where the customer's id is none that may be filed")
    foreign = {each.currency for case in cases for each in case.alert.evidence.movements if each.currency != "USD"}
    if unknown := sorted(foreign - COUNTRY_OF.keys()):
        missing.append(f"transaction: country of the foreign currency ({', '.join(unknown)})")
    if any(case.alert.evidence.truncated for case in cases):
        missing.append("transaction: the kinds of those that are in the totals and no longer one by one")
    return missing


def _activity(batch: Batch, case: Case, today: date) -> None:
    alert, amounts = case.alert, _reportable(case.alert)
    activity = batch.activity(today, case.prior)
    association = batch.numbered(activity, "ActivityAssociation")
    batch.add(association, "CorrectsAmendsPriorReportIndicator", "Y" if case.prior else "")
    batch.add(association, "FinCENDirectBackFileIndicator", "")
    batch.add(association, "InitialReportIndicator", "" if case.prior else "Y")
    batch.filer_parties(activity)
    _location(batch, activity, amounts)
    _person(batch, activity, alert, amounts)
    _transaction(batch, activity, alert, amounts)


def _location(batch: Batch, activity: Element, amounts: Mapping[str, int]) -> None:
    location = batch.party(activity, LOCATION)
    _cash(batch, location, amounts)
    batch.add(location, "PrimaryRegulatorTypeCode", IRS)
    batch.name(location, batch.filer.filer_name)
    # Of a place nothing may be said to be unknown: without the filer's own address it has none, and that is missing.
    batch.filer_address(location)
    batch.identified(location, batch.filer.filer_ein, EIN)
    batch.money_services_business(location)


def _person(batch: Batch, activity: Element, alert: ComplianceAlert, amounts: Mapping[str, int]) -> None:
    person = batch.party(activity, CONDUCTOR)
    batch.add(person, "BirthDateUnknownIndicator", "Y")
    _cash(batch, person, amounts)
    if _several(alert, amounts):
        batch.add(person, "MultipleTransactionsPersonsIndividualsIndicator", "Y")
    batch.add(person, "UnknownGenderIndicator", "Y")
    batch.unknown_name(person)
    batch.unknown_address(person)
    batch.unidentified(person)
    number = account_of(alert.user_id)
    for way in amounts if number else ():
        account = batch.numbered(person, "Account")
        batch.add(account, "AccountNumberText", number)
        batch.add(batch.numbered(account, "PartyAccountAssociation"), "PartyAccountAssociationTypeCode", AFFECTED[way])


def _several(alert: ComplianceAlert, amounts: Mapping[str, int]) -> bool:
    """Return whether what is reported was more than one transaction (item 3), those of the other way left out."""
    reported = [each for each in alert.evidence.movements if each.cash in amounts]
    totals = {IN: alert.totals.cash_in_minor, OUT: alert.totals.cash_out_minor}
    not_named = _not_named(sum(totals[way] for way in amounts), reported)
    return len(reported) > 1 or (not_named > 0 and alert.totals.movements > 1)


def _not_named(total_minor: int, movements: Sequence[MovementEvidence]) -> int:
    """Return the cents of a total that its movements do not account for, since they are not kept one by one.

    Up to a cent each is none of that: foreign amounts are rounded to cents one by one, and their total once, up.
    """
    rest = total_minor - sum(each.usd_minor or 0 for each in movements)
    return rest if rest > len(movements) else 0


def _cash(batch: Batch, party: Element, amounts: Mapping[str, int]) -> None:
    for way, name in ((IN, "In"), (OUT, "Out")):
        if way in amounts:
            batch.add(party, f"IndividualEntityCash{name}AmountText", str(amounts[way]))


def _transaction(batch: Batch, activity: Element, alert: ComplianceAlert, amounts: Mapping[str, int]) -> None:
    transaction = batch.numbered(activity, "CurrencyTransactionActivity")
    cash = [each for each in alert.evidence.movements if each.cash in amounts]
    # Item 24 is for transactions of which nobody who conducted one is known; here the customer is told to have.
    batch.add(transaction, "AggregateTransactionIndicator", "")
    for name in ("ArmoredCarService", "ATM", "MailDepositShipment", "NightDeposit", "SharedBranching"):
        batch.add(transaction, f"{name}Indicator", "")
    batch.add(transaction, "TotalCashInReceiveAmountText", str(amounts.get(IN, "")))
    batch.add(transaction, "TotalCashOutAmountText", str(amounts.get(OUT, "")))
    batch.add(transaction, "TransactionDateText", alert.business_day.replace("-", ""))
    totals = {IN: alert.totals.cash_in_minor, OUT: alert.totals.cash_out_minor}
    for way in amounts:
        _details(batch, transaction, way, totals[way], [each for each in cash if each.cash == way])


def _details(
    batch: Batch, transaction: Element, way: str, total_minor: int, movements: Sequence[MovementEvidence]
) -> None:
    by_code: Counter[str] = Counter()
    described: set[str] = set()
    foreign: Counter[str] = Counter()
    for each in movements:
        code = DETAILS.get((way, each.channel), OTHER[way])
        by_code[code] += each.usd_minor or 0
        if code == OTHER[way]:
            described.add(DESCRIBED.get(each.channel, NOT_DESCRIBED))
        if each.currency != "USD":
            foreign[COUNTRY_OF.get(each.currency, "")] += each.usd_minor or 0
    if rest := _not_named(total_minor, movements):
        by_code[OTHER[way]] += rest
        described.add("not kept one by one")
    # What rounding left over, or took too much, is of the largest part.
    by_code[max(by_code, key=lambda code: by_code[code])] += total_minor - by_code.total()
    words = ", ".join(sorted(described))
    for code, amount in parts_up(by_code).items():
        _detail(batch, transaction, code, amount, words if code == OTHER[way] else "", "")
    # Foreign currency is told beside, and is part of the amounts above.
    for country, minor in foreign.items():
        _detail(batch, transaction, FOREIGN[way], dollars_up(minor), "", country)


def _detail(batch: Batch, transaction: Element, code: str, amount: int, text: str, country: str) -> None:
    if amount <= 0:
        return
    detail = batch.numbered(transaction, "CurrencyTransactionActivityDetail")
    batch.add(detail, "CurrencyTransactionActivityDetailTypeCode", code)
    batch.add(detail, "DetailTransactionAmountText", str(amount))
    described = text if len(text) <= DETAIL_CHARS else SEVERAL_KINDS
    batch.add(detail, "OtherCurrencyTransactionActivityDetailText", described)
    batch.add(detail, "OtherForeignCurrencyCountryText", country)
