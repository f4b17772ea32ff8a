"""Suspicious activity reports: a document for an officer to decide on, and a FinCEN batch.

Source: 31 CFR 1022.320: a money services business reports suspicious activity of 2,000 US dollars or more in aggregate,
within 30 days of the detection. Confidential (1022.320(d)). An officer may report what was only recommended for review;
alerts about the cash of one day, or about missing data, are no ground for a report by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from lakay_streams.contracts.alerts import ComplianceAlert
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.alert import SAR_DUE_DAYS, SAR_MIN_MINOR, WITHDRAWN
from lakay_streams.domain.compliance.movement import MONEY_ORDER, REMITTANCE, STATED, TRANSFER
from lakay_streams.errors import ReportError
from lakay_streams.reports.amounts import dollars_up, shown
from lakay_streams.reports.batch import (
    EIN,
    HOLDING_INSTITUTION,
    IRS,
    LOCATION,
    SUBJECT,
    TIN,
    Batch,
    Element,
    account_of,
    day_text,
    missing_of,
)
from lakay_streams.reports.cases import Case
from lakay_streams.reports.narrative import Paragraph, blocks, draft
from lakay_streams.reports.periods import day_of
from lakay_streams.settings.domains import FilingSettings

REGULATION = "31 CFR 1022.320"

ACTIVITIES: Mapping[str, tuple[str, str]] = {
    "structuring": ("114", "Structuring: transactions below the CTR threshold"),
    "rapid_movement": ("925", "Transaction with no apparent economic, business, or lawful purpose"),
    "circular_flow": ("925", "Transaction with no apparent economic, business, or lawful purpose"),
    "unusual_volume": ("812", "Transaction out of pattern for customer"),
    "funnel": ("824", "Funnel account"),
    "corridor": ("805", "Suspicious EFT or wire transfers"),
}
"""FinCEN's subtype of suspicious activity, and what it is called, by rule: the rules that may ground a report."""

UNKNOWN = (
    "subject: legal name, date of birth, gender, address, taxpayer number and identification",
    "subject: occupation or business",
    "subject: role in the transactions (sender, receiver or both)",
    "location: where currency was handed over, if not at the filer's own office",
    "narrative: what the institution's own records and the officer's inquiry add",
)
"""What no event tells of a suspicious activity."""

_AFFECTED, _HELD = "7", "5"
_INSTRUMENT = "6"
_CASH, _FOREIGN_CASH, _MONEY_ORDERS, _TRANSFERS = "39", "32", "36", "33"


class Draft(NamedTuple):
    """A case with its narrative: the draft's paragraphs, or an officer's text."""

    case: Case
    paragraphs: tuple[Paragraph, ...]
    edited: str | None

    @property
    def text(self) -> str:
        """The narrative as it goes to FinCEN."""
        return self.edited if self.edited is not None else " ".join(each.text for each in self.paragraphs)


def drafted(case: Case, zone: Zone, edited: str | None = None) -> Draft:
    """Return the draft of one case, with the officer's text in its place if there is one.

    Raises `ReportError` for an alert that is no ground for a report, and for a text that FinCEN would not take.
    """
    alert = case.alert
    if alert.status == WITHDRAWN:
        raise ReportError(f"Alert {alert.alert_id} was withdrawn: nothing is to be reported.")
    if alert.rule not in ACTIVITIES:
        raise ReportError(
            f"Alert {alert.alert_id} of the rule {alert.rule} is no ground for a suspicious activity report by itself "
            "(FinCEN's answers of October 2025): choose one of " + ", ".join(ACTIVITIES) + "."
        )
    if amount_of(alert) < SAR_MIN_MINOR:
        raise ReportError(
            f"Alert {alert.alert_id} adds up to {shown(amount_of(alert))}, and a report is due from "
            f"{shown(SAR_MIN_MINOR)} (31 CFR 1022.320(a)(2)): decline it with a reason."
        )
    made = Draft(case, draft(alert, zone), edited)
    blocks(made.text)
    return made


def amount_of(alert: ComplianceAlert) -> int:
    """Return the US cents that are suspicious: what was split, else the larger of what came in and what left.

    Money that came in and left again is not counted twice.
    """
    if alert.rule == "structuring":
        return int(alert.evidence.values["total_minor"])
    return max(alert.totals.in_minor, alert.totals.out_minor)


def document(drafts: Sequence[Draft], filer: FilingSettings, zone: Zone) -> dict[str, Any]:
    """Return the report, JSON-ready."""
    reports = [_report(each, zone) for each in drafts]
    notes = ["Confidential: nobody may be told that this report is considered or filed (31 CFR 1022.320(d))."]
    if any(report["basis"] != STATED for report in reports):
        notes.append("Some transactions were taken for cash because no payment method was given: find out first.")
    missing = list(UNKNOWN)
    if any(account_of(each.case.alert.user_id) is None for each in drafts):
        missing.append("subject: account number, where the customer's id is longer than one may be")
    return {
        "regulation": REGULATION,
        "reports": reports,
        "totals": {
            "reports": len(reports),
            "to_file": sum(report["in_batch"] for report in reports),
            "customers": len({report["customer"] for report in reports}),
            "amount_minor": sum(report["amount"]["minor"] for report in reports),
        },
        "missing": [*missing, *missing_of(filer)] if reports else [],
        "notes": notes,
    }


def batch(drafts: Sequence[Draft], filer: FilingSettings, zone: Zone, today: date) -> str | None:
    """Return the batch of what is yet to be filed, dated `today`; None where nothing is."""
    to_file = [each for each in drafts if each.case.to_file]
    if not to_file:
        return None
    written = Batch("SARX", filer)
    for each in to_file:
        _activity(written, each, zone, today)
    return written.finished(
        TotalAmount=sum(dollars_up(amount_of(each.case.alert)) for each in to_file),
        PartyCount=len(to_file),
        ActivityCount=len(to_file),
        ActivityAttachmentCount=0,
        AttachmentCount=0,
    )


def _report(made: Draft, zone: Zone) -> dict[str, Any]:
    alert, case = made.case.alert, made.case
    amount = amount_of(alert)
    detected = day_of(to_millis(alert.detected_at), zone)
    code, activity = ACTIVITIES[alert.rule]
    return {
        "alert_id": alert.alert_id,
        "revision": alert.revision,
        "settings_version": alert.settings_version,
        "customer": alert.user_id,
        "rule": alert.rule,
        "rule_regulation": alert.regulation,
        "recommendation": alert.recommendation,
        "confidence": alert.confidence,
        "reason": alert.reason,
        "detected_on": detected.isoformat(),
        "due": alert.due_date or date.fromordinal(detected.toordinal() + SAR_DUE_DAYS).isoformat(),
        "basis": alert.basis or STATED,
        "activity": {"subtype": code, "called": activity},
        "from": day_of(to_millis(alert.since), zone).isoformat(),
        "to": day_of(to_millis(alert.until), zone).isoformat(),
        "amount": {"minor": amount, "amount": shown(amount), "dollars": dollars_up(amount)},
        "totals": msgspec.to_builtins(alert.totals),
        "movements": [msgspec.to_builtins(each) for each in alert.evidence.movements],
        "pairs": [msgspec.to_builtins(each) for each in alert.evidence.pairs],
        "signals": [msgspec.to_builtins(each) for each in alert.evidence.signals],
        "truncated": alert.evidence.truncated,
        "narrative": {
            "draft": [paragraph.as_json() for paragraph in made.paragraphs],
            "edited": made.edited,
            "blocks": len(blocks(made.text)),
        },
        "filing": case.told(),
        "in_batch": case.to_file,
    }


def _activity(batch: Batch, made: Draft, zone: Zone, today: date) -> None:
    alert, prior = made.case.alert, made.case.prior
    activity = batch.activity(today, prior)
    association = batch.numbered(activity, "ActivityAssociation")
    batch.add(association, "CorrectsAmendsPriorReportIndicator" if prior else "InitialReportIndicator", "Y")
    batch.filer_parties(activity)
    location = batch.party(activity, LOCATION)
    batch.add(location, "PrimaryRegulatorTypeCode", IRS)
    batch.name(location, batch.filer.filer_name)
    batch.unknown_address(location)
    batch.identified(location, batch.filer.filer_ein, EIN)
    batch.money_services_business(location)
    _subject(batch, activity, alert)
    suspicious = batch.numbered(activity, "SuspiciousActivity")
    batch.add(suspicious, "SuspiciousActivityFromDateText", day_text(day_of(to_millis(alert.since), zone)))
    batch.add(suspicious, "SuspiciousActivityToDateText", day_text(day_of(to_millis(alert.until), zone)))
    batch.add(suspicious, "TotalSuspiciousAmountText", str(dollars_up(amount_of(alert))))
    classified = batch.numbered(suspicious, "SuspiciousActivityClassification")
    subtype, _ = ACTIVITIES[alert.rule]
    batch.add(classified, "SuspiciousActivitySubtypeID", subtype)
    batch.add(classified, "SuspiciousActivityTypeID", str(int(subtype) // 100))
    for code in _instruments(alert):
        asset = batch.numbered(activity, "Assets")
        batch.add(asset, "AssetSubtypeID", code)
        batch.add(asset, "AssetTypeID", _INSTRUMENT)
    for number, block in enumerate(blocks(made.text), 1):
        told = batch.numbered(activity, "ActivityNarrativeInformation")
        batch.add(told, "ActivityNarrativeSequenceNumber", str(number))
        batch.add(told, "ActivityNarrativeText", block)


def _subject(batch: Batch, activity: Element, alert: ComplianceAlert) -> None:
    subject = batch.party(activity, SUBJECT)
    batch.add(subject, "BirthDateUnknownIndicator", "Y")
    batch.add(subject, "UnknownGenderIndicator", "Y")
    batch.unknown_name(subject)
    batch.unknown_address(subject)
    batch.unidentified(subject)
    related = batch.numbered(subject, "PartyAssociation")
    batch.add(related, "CustomerIndicator", "Y")
    batch.add(related, "SubjectRelationshipFinancialInstitutionTINText", batch.filer.filer_ein)
    number = account_of(alert.user_id)
    if number is None:
        return
    affected = batch.numbered(subject, "PartyAccountAssociation")
    batch.add(affected, "PartyAccountAssociationTypeCode", _AFFECTED)
    holder = batch.party(affected, HOLDING_INSTITUTION)
    batch.identified(holder, batch.filer.filer_ein, TIN)
    account = batch.numbered(holder, "Account")
    batch.add(account, "AccountNumberText", number)
    batch.add(batch.numbered(account, "PartyAccountAssociation"), "PartyAccountAssociationTypeCode", _HELD)


def _instruments(alert: ComplianceAlert) -> list[str]:
    """Return FinCEN's codes of what was used: currency, foreign currency, money orders, funds transfers."""
    used = set()
    for movement in alert.evidence.movements:
        if movement.cash:
            used.add(_CASH if movement.currency == "USD" else _FOREIGN_CASH)
        if movement.payment_method == MONEY_ORDER:
            used.add(_MONEY_ORDERS)
        if movement.channel in {TRANSFER, REMITTANCE}:
            used.add(_TRANSFERS)
    return sorted(used)
