"""Batches without a database: of a customer's story, as reports make them."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from lakay_streams.contracts import alerts
from lakay_streams.contracts.alerts import ComplianceAlert
from lakay_streams.domain.business_day import ZONES
from lakay_streams.domain.compliance.alert import FILE_CTR, OPEN, SAR_MIN_MINOR
from lakay_streams.domain.frozen import replace
from lakay_streams.reports import ctr, sar, suspicion
from lakay_streams.reports.cases import Case
from lakay_streams.reports.filings import ground_of
from lakay_streams.reports.obligations import needed
from lakay_streams.settings.domains import FilingSettings
from tests.domain.compliance.customer import Customer
from tests.reports.office import FILER

APRIL = date(2026, 4, 1)
ZONE = ZONES["America/New_York"]


def alerts_of(story: str, user_id: str = "user-1") -> list[ComplianceAlert]:
    """Return the last revision of every alert that a story makes."""
    found = {(each.finding.rule, each.finding.window): each for each in Customer().lives(story).alerts}
    told = [replace(each, user_id=user_id) for each in found.values() if each.status == OPEN]
    return [alerts.compliance_alert(each, settings_version="0123456789ab") for each in told]


def case_of(alert: ComplianceAlert) -> Case:
    """Return an alert of which nothing was filed."""
    row = {"alert_id": alert.alert_id, "alert_type": alert.rule, "body": msgspec.to_builtins(alert)}
    ground = ground_of(row | {"changed_at": datetime.fromisoformat(alert.occurred_at)}, ZONE)
    return Case(alert, ground, None, (), needed(ground, None, ()))


def ctr_batch(*stories: str, user_id: str = "user-1", filer: FilingSettings = FILER) -> str:
    """Return the CTR batch of customers whose cash is above the threshold."""
    cases = [
        case_of(each)
        for number, story in enumerate(stories)
        for each in alerts_of(story, user_id if not number else f"{user_id}-{number}")
        if each.recommendation == FILE_CTR
    ]
    return _written(ctr.batch(cases, filer, APRIL))


def sar_batch(*stories: str, narrative: str | None = None, filer: FilingSettings = FILER) -> str:
    """Return the SAR batch of customers of whom an activity is suspicious."""
    drafts = [
        suspicion.drafted([case_of(each)], ZONE, narrative)
        for number, story in enumerate(stories)
        for each in alerts_of(story, f"user-{number}")
        if each.rule in suspicion.ACTIVITIES and suspicion.amount_of(each) >= SAR_MIN_MINOR
    ]
    return _written(sar.batch(drafts, filer, ZONE, APRIL))


def _written(xml: str | None) -> str:
    assert xml is not None
    return xml
