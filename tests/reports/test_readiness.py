"""The audit report answers an examiner: each check fails when what it asks for is not so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakay_streams.archive.settings_in_force import record_settings
from tests.db.rows import alert, quarantined, reject
from tests.reports.office import OFFICER, Office

TODAY = datetime.now(UTC).date()
PERIOD = (date(2026, 3, 1), TODAY + timedelta(days=1))


async def audit_of(office: Office) -> dict[str, Any]:
    return (await office.reports.generate_audit(*PERIOD, actor=OFFICER)).document


def failed(document: dict[str, Any]) -> list[str]:
    return [check["check"] for check in document["checks"] if not check["ok"]]


async def test_an_archive_in_order_is_ready_and_its_head_is_noted(office: Office) -> None:
    await office.reports.generate_ctr(date(2026, 3, 1), date(2026, 3, 31), actor=OFFICER)
    document = await audit_of(office)
    ((seq, digest),) = await office.fetches("SELECT seq, hash FROM audit_trail WHERE seq = 1")
    assert (document["ready"], failed(document)) == (True, [])
    assert document["trail"]["head"] == f"{seq}:{digest}"
    assert {"action": "report_made", "entries": 1} in document["trail"]["entries"]


async def test_a_changed_trail_is_not_ready(office: Office) -> None:
    await audit_of(office)
    async with office.database.connection() as connection:
        await connection.execute("ALTER TABLE audit_trail DISABLE TRIGGER USER")
        await connection.execute("UPDATE audit_trail SET hash = repeat('0', 64)")
    document = await audit_of_broken(office)
    assert failed(document) == ["the audit trail is whole"]
    assert "Row 1 was changed" in document["trail"]["problems"][0]


async def audit_of_broken(office: Office) -> dict[str, Any]:
    async with office.database.connection() as connection:
        await connection.execute("UPDATE audit_head SET hash = repeat('0', 64)")
        await connection.execute("ALTER TABLE audit_trail ENABLE TRIGGER USER")
    return await audit_of(office)


@pytest.mark.parametrize(("filed_on", "late"), [(date(2026, 3, 25), 0), (date(2026, 3, 26), 1), (None, 1)])
async def test_a_report_that_was_late_or_is_overdue_is_named(office: Office, filed_on: date | None, late: int) -> None:
    (alert_id,) = await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    if filed_on is not None:
        await office.reports.filed(alert_id, bsa_id="31000123456789", actor=OFFICER, on=filed_on)
    document = await audit_of(office)
    assert [each["alert_id"] for each in document["deadlines"]["late"]] == [alert_id] * late
    assert failed(document) == ["every report was filed in time"] * late


async def test_rejects_and_quarantine_are_counted(office: Office) -> None:
    async with office.database.connection() as connection:
        await connection.execute(*reject(archived_at="now()"))
        await connection.execute(*quarantined(archived_at="now()"))
        await connection.execute(*alert(kind="fraud"))
    document = await audit_of(office)
    assert [row["events"] for row in document["quality"]["rejected"]] == [1]
    assert document["quality"]["archived"] == [{"kind": "fraud", "alerts": 1}]
    assert failed(document) == ["every record of the lakay topics was archived"]


async def test_settings_that_changed_are_told_with_both_values(office: Office) -> None:
    changed = office.settings.model_copy(
        update={"compliance": office.settings.compliance.model_copy(update={"ctr_enabled": False})}
    )
    async with office.database.connection() as connection:
        await record_settings(connection, office.settings, actor="archive")
        await record_settings(connection, changed, actor="archive")
    first, second = (await audit_of(office))["settings"]
    assert (first["changed"], second["changed"]) == ({}, {"COMPLIANCE_CTR_ENABLED": [True, False]})


async def test_what_is_kept_and_since_when_is_told(office: Office) -> None:
    async with office.database.connection() as connection:
        await connection.execute(*alert(revised_at="'2024-05-06'"))
    kept = {row["table"]: row for row in (await audit_of(office))["retention"]["tables"]}
    assert (kept["alerts"]["rows"], kept["alerts"]["oldest"]) == (1, "2024-05-06")
    assert set(kept) == {"alerts", "rejects", "quarantine", "reports", "filings", "submissions"}
