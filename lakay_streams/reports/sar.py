"""Suspicious activity reports: a document for an officer to decide on, and a FinCEN batch.

Source: 31 CFR 1022.320: a money services business reports suspicious activity of 2,000 US dollars or more in aggregate,
within 30 days of the detection. Confidential (1022.320(d)). `suspicion` says what a report is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from lakay_streams.contracts.alerts import ComplianceAlert
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.movement import STATED
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
from lakay_streams.reports.filings import BY_HAND
from lakay_streams.reports.narrative import blocks
from lakay_streams.reports.obligations import Need
from lakay_streams.reports.periods import day_of
from lakay_streams.reports.suspicion import Draft
from lakay_streams.settings.domains import FilingSettings

REGULATION = "31 CFR 1022.320"

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


def document(
    drafts: Sequence[Draft], filer: FilingSettings, zone: Zone, left_out: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the report, JSON-ready; `left_out` says, a sentence each, what it could not be made of."""
    reports = [_report(each, zone) for each in drafts]
    notes = ["Confidential: nobody may be told that this report is considered or filed (31 CFR 1022.320(d))."]
    if left_out:
        notes.append("INCOMPLETE: " + " ".join(left_out))
    if any(report["basis"] != STATED for report in reports):
        notes.append("Some transactions were taken for cash because no payment method was given: find out first.")
    if gone := sorted({name for report in reports for name in report["no_longer_named"]}):
        notes.append(
            f"Transactions that were reported and that the alert no longer names: {', '.join(gone)}. Where one of them "
            "failed, correct the report that it is in."
        )
    missing = list(UNKNOWN)
    if any(account_of(customer) is None for each in drafts for customer in each.customers):
        missing.append("subject: account number, where the customer's id is longer than one may be")
    return {
        "regulation": REGULATION,
        "complete": not left_out,
        "reports": reports,
        "totals": {
            "reports": len(reports),
            "to_file": sum(report["in_batch"] for report in reports),
            "customers": len({customer for each in drafts for customer in each.customers}),
            "amount_minor": sum(report["amount"]["minor"] for report in reports),
        },
        "missing": [*missing, *missing_of(filer)] if reports else [],
        "notes": notes,
    }


def batch(drafts: Sequence[Draft], filer: FilingSettings, zone: Zone, today: date) -> str | None:
    """Return the batch of what is yet to be filed, dated `today`; None where nothing is."""
    to_file = [(each, need) for each in drafts if (need := each.need) is not None]
    if not to_file:
        return None
    written = Batch("SARX", filer)
    for each, need in to_file:
        _activity(written, each, need, zone, today)
    return written.finished(
        TotalAmount=sum(dollars_up(each.amount_minor) for each, _ in to_file),
        PartyCount=sum(len(each.customers) for each, _ in to_file),
        ActivityCount=len(to_file),
        ActivityAttachmentCount=0,
        AttachmentCount=0,
    )


def _report(made: Draft, zone: Zone) -> dict[str, Any]:
    alerts = [case.alert for case in made.cases]
    detected = min((day_of(to_millis(each.detected_at), zone) for each in alerts), default=made.last)
    need, own = made.need, [each for case in made.cases for each in case.own]
    movements = {
        (case.alert.user_id, each.movement_id): msgspec.to_builtins(each)
        for case in made.cases
        for each in case.movements
    }
    codes = dict(made.activities)
    due = need.due if need is not None else own[-1].due if own else None
    counted = need.counted_from if need is not None else own[-1].counted_from if own else ""
    return {
        "alert_id": made.ids[0],
        "alerts": list(made.ids),
        "revision": alerts[0].revision if alerts else 1,
        "revisions": {each.alert_id: each.revision for each in alerts},
        "settings_version": alerts[0].settings_version if alerts else None,
        "customer": ", ".join(made.customers),
        "customers": list(made.customers),
        "rule": ", ".join(dict.fromkeys(each.rule for each in alerts)) or BY_HAND,
        "rule_regulation": "; ".join(dict.fromkeys(each.regulation for each in alerts)) or REGULATION,
        "recommendation": alerts[0].recommendation if alerts else BY_HAND,
        "confidence": max([each.confidence for each in alerts], default=1.0),
        "reason": "; ".join(each.reason for each in alerts) or f"An officer's own suspicion: {made.activities[0][1]}",
        "detected_on": detected.isoformat(),
        "form": need.form if need is not None else None,
        "prior_bsa_id": need.prior if need is not None else None,
        "due": due and due.isoformat(),
        "counted_from": counted,
        "basis": _basis(alerts),
        "activity": {"subtype": ", ".join(codes), "called": "; ".join(codes.values())},
        "from": made.first.isoformat(),
        "to": made.last.isoformat(),
        "amount": _amounts(made.amount_minor),
        "cumulative": None if made.cumulative_minor is None else _amounts(made.cumulative_minor),
        "totals": msgspec.to_builtins(alerts[0].totals) if len(alerts) == 1 else None,
        "movements": list(movements.values()),
        "reported": {
            case.alert.alert_id: {each.movement_id: each.usd_minor for each in case.movements} for case in made.cases
        },
        "no_longer_named": sorted({name for case in made.cases for name in _gone(case)}),
        "pairs": [msgspec.to_builtins(pair) for each in alerts for pair in each.evidence.pairs],
        "signals": [msgspec.to_builtins(signal) for each in alerts for signal in each.evidence.signals],
        "truncated": any(each.evidence.truncated for each in alerts),
        "narrative": {
            "draft": [paragraph.as_json() for paragraph in made.paragraphs],
            "edited": made.edited,
            "blocks": len(blocks(made.text)),
        },
        "filing": made.cases[0].told() if made.cases else {"status": "open", "bsa_id": need and need.prior},
        "in_batch": need is not None,
    }


def _basis(alerts: Sequence[ComplianceAlert]) -> str:
    return next((each.basis for each in alerts if each.basis not in {None, STATED}), None) or STATED


def _amounts(minor: int) -> dict[str, Any]:
    return {"minor": minor, "amount": shown(minor), "dollars": dollars_up(minor)}


def _gone(case: Case) -> set[str]:
    """Return what was reported of an alert and is named by it no more, where it is not merely too much to name."""
    if case.alert.evidence.truncated or not case.own:
        return set()
    return {name for each in case.own for name in each.movements} - set(case.ground.movements)


def _activity(batch: Batch, made: Draft, need: Need, zone: Zone, today: date) -> None:
    activity = batch.activity(today, need.prior)
    association = batch.numbered(activity, "ActivityAssociation")
    # A correction of a continuing report stays one: both are said.
    if made.cumulative_minor is not None:
        batch.add(association, "ContinuingActivityReportIndicator", "Y")
    if need.form == "correction":
        batch.add(association, "CorrectsAmendsPriorReportIndicator", "Y")
    if need.form == "initial":
        batch.add(association, "InitialReportIndicator", "Y")
    batch.filer_parties(activity)
    location = batch.party(activity, LOCATION)
    batch.add(location, "PrimaryRegulatorTypeCode", IRS)
    batch.name(location, batch.filer.filer_name)
    batch.unknown_address(location)
    batch.identified(location, batch.filer.filer_ein, EIN)
    batch.money_services_business(location)
    for customer in made.customers:
        _subject(batch, activity, customer)
    suspicious = batch.numbered(activity, "SuspiciousActivity")
    if made.cumulative_minor is not None:
        batch.add(suspicious, "CumulativeTotalViolationAmountText", str(dollars_up(made.cumulative_minor)))
    batch.add(suspicious, "SuspiciousActivityFromDateText", day_text(made.first))
    batch.add(suspicious, "SuspiciousActivityToDateText", day_text(made.last))
    batch.add(suspicious, "TotalSuspiciousAmountText", str(dollars_up(made.amount_minor)))
    for subtype, _ in made.activities:
        classified = batch.numbered(suspicious, "SuspiciousActivityClassification")
        batch.add(classified, "SuspiciousActivitySubtypeID", subtype)
        batch.add(classified, "SuspiciousActivityTypeID", str(int(subtype) // 100))
    for code in made.instruments:
        asset = batch.numbered(activity, "Assets")
        batch.add(asset, "AssetSubtypeID", code)
        batch.add(asset, "AssetTypeID", _INSTRUMENT)
    for number, block in enumerate(blocks(made.text), 1):
        told = batch.numbered(activity, "ActivityNarrativeInformation")
        batch.add(told, "ActivityNarrativeSequenceNumber", str(number))
        batch.add(told, "ActivityNarrativeText", block)


def _subject(batch: Batch, activity: Element, customer: str) -> None:
    subject = batch.party(activity, SUBJECT)
    batch.add(subject, "BirthDateUnknownIndicator", "Y")
    batch.add(subject, "UnknownGenderIndicator", "Y")
    batch.unknown_name(subject)
    batch.unknown_address(subject)
    batch.unidentified(subject)
    related = batch.numbered(subject, "PartyAssociation")
    batch.add(related, "CustomerIndicator", "Y")
    batch.add(related, "SubjectRelationshipFinancialInstitutionTINText", batch.filer.filer_ein)
    number = account_of(customer)
    if number is None:
        return
    affected = batch.numbered(subject, "PartyAccountAssociation")
    batch.add(affected, "PartyAccountAssociationTypeCode", _AFFECTED)
    holder = batch.party(affected, HOLDING_INSTITUTION)
    batch.identified(holder, batch.filer.filer_ein, TIN)
    account = batch.numbered(holder, "Account")
    batch.add(account, "AccountNumberText", number)
    batch.add(batch.numbered(account, "PartyAccountAssociation"), "PartyAccountAssociationTypeCode", _HELD)
