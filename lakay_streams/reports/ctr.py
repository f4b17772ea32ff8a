"""Currency transaction reports: one per customer and business day, cash in and cash out apart, never netted.

Source: 31 CFR 1010.311, 1010.313, 1010.306(a)(1); FinCEN's CTR electronic filing instructions. A way (in or out) is
reportable when it is above the threshold under which the alert was made; the other way of the day is told in the
document and left out of the batch.
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
    REMITTANCE,
    STATED,
    TRANSFER,
    WITHDRAWAL,
)
from lakay_streams.reports.amounts import dollars_up, parts_up, shown, way_shown
from lakay_streams.reports.batch import CONDUCTOR, EIN, IRS, LOCATION, Batch, Element, account_of, missing_of
from lakay_streams.reports.cases import Case
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
"""FinCEN's code for cash of a way and channel; what is not listed is other cash in or out, with its channel's name."""

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
    total = sum(sum(_reportable(case.alert).values()) for case in to_file)
    return written.finished(TotalAmount=total, PartyCount=len(to_file), ActivityCount=len(to_file))


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
        missing.append("person: account number, where the customer's id is longer than one may be")
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
    batch.unknown_address(location)
    batch.identified(location, batch.filer.filer_ein, EIN)
    batch.money_services_business(location)


def _person(batch: Batch, activity: Element, alert: ComplianceAlert, amounts: Mapping[str, int]) -> None:
    person = batch.party(activity, CONDUCTOR)
    batch.add(person, "BirthDateUnknownIndicator", "Y")
    _cash(batch, person, amounts)
    if alert.totals.movements > 1:
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


def _cash(batch: Batch, party: Element, amounts: Mapping[str, int]) -> None:
    for way, name in ((IN, "In"), (OUT, "Out")):
        if way in amounts:
            batch.add(party, f"IndividualEntityCash{name}AmountText", str(amounts[way]))


def _transaction(batch: Batch, activity: Element, alert: ComplianceAlert, amounts: Mapping[str, int]) -> None:
    transaction = batch.numbered(activity, "CurrencyTransactionActivity")
    cash = [each for each in alert.evidence.movements if each.cash in amounts]
    # Item 24: several transactions, none of which would be reported alone.
    threshold = int(alert.evidence.values["threshold_minor"])
    aggregated = alert.totals.movements > 1 and all((each.usd_minor or 0) <= threshold for each in cash)
    batch.add(transaction, "AggregateTransactionIndicator", "Y" if aggregated else "")
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
    by_code: Counter[tuple[str, str]] = Counter()
    foreign: Counter[str] = Counter()
    for each in movements:
        code = DETAILS.get((way, each.channel), OTHER[way])
        by_code[code, each.channel if code == OTHER[way] else ""] += each.usd_minor or 0
        if each.currency != "USD":
            foreign[COUNTRY_OF.get(each.currency, "")] += each.usd_minor or 0
    if (rest := total_minor - by_code.total()) > 0:
        by_code[OTHER[way], f"{way_shown(way)} not kept one by one"] += rest
    dollars = parts_up({f"{code} {text}": minor for (code, text), minor in by_code.items()})
    for name, amount in dollars.items():
        code, _, text = name.partition(" ")
        _detail(batch, transaction, code, amount, text.replace("_", " "), "")
    # Foreign currency is told beside, and is part of the amounts above.
    for country, minor in foreign.items():
        _detail(batch, transaction, FOREIGN[way], dollars_up(minor), "", country)


def _detail(batch: Batch, transaction: Element, code: str, amount: int, text: str, country: str) -> None:
    if amount <= 0:
        return
    detail = batch.numbered(transaction, "CurrencyTransactionActivityDetail")
    batch.add(detail, "CurrencyTransactionActivityDetailTypeCode", code)
    batch.add(detail, "DetailTransactionAmountText", str(amount))
    batch.add(detail, "OtherCurrencyTransactionActivityDetailText", text[:50])
    batch.add(detail, "OtherForeignCurrencyCountryText", country)
