"""A report never changes, holds nothing personal in the clear, and a forced change of it is found."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import psycopg
import pytest

from lakay_streams.db import audit, retention, schema
from lakay_streams.errors import DatabaseError, ReportError, ReportNotFound
from lakay_streams.pii.keys import encryption_keys
from lakay_streams.pii.sealing import Vault
from tests.reports.office import OFFICER, SPLIT, Office

MARCH = (date(2026, 3, 1), date(2026, 3, 31))


async def made(office: Office) -> str:
    await office.learns("user-7731", SPLIT)
    return (await office.reports.generate_sar(*MARCH, actor=OFFICER)).report_id


async def test_it_is_read_as_it_was_made(office: Office) -> None:
    await office.learns("user-7731", SPLIT)
    report = await office.reports.generate_sar(*MARCH, actor=OFFICER)
    assert await office.reports.get_report(report.report_id, actor="examiner@desk") == report
    (entry,) = await office.reports.list_reports("sar")
    assert entry.as_json() == {name: value for name, value in report.as_json().items() if name != "document"}
    assert await office.reports.list_reports("ctr") == ()


async def test_the_hash_is_that_of_the_exact_bytes_that_are_sealed(office: Office) -> None:
    report_id = await made(office)
    ((sealed, key, digest),) = await office.fetches("SELECT sealed, encryption_key, sha256 FROM reports")
    plain = Vault(encryption_keys(office.settings)).open(sealed, key, f"reports/{report_id}")
    assert hashlib.sha256(plain).hexdigest() == digest
    assert "user-7731" in plain.decode()


async def test_nothing_personal_is_in_the_clear(office: Office) -> None:
    await made(office)
    for table in ("reports", "filings", "audit_trail"):
        dumped = json.dumps(await office.fetches(f"SELECT to_jsonb({table}) FROM {table}"))  # noqa: S608 - ours
        assert "user-7731" not in dumped
        assert "marie" not in dumped


async def test_the_same_report_is_stored_once_and_its_making_told_each_time(office: Office) -> None:
    report_id = await made(office)
    again = await office.reports.generate_sar(*MARCH, actor="other@desk")
    assert (again.report_id, again.created_by) == (report_id, OFFICER)
    assert await office.fetches("SELECT count(*) FROM reports") == [(1,)]
    rows = await office.fetches("SELECT entry FROM audit_trail WHERE action = 'report_made' ORDER BY seq")
    told = [json.loads(row[0]) for row in rows]
    assert [(each["actor"], each["details"]["new"]) for each in told] == [(OFFICER, True), ("other@desk", False)]


async def test_who_reads_a_report_is_in_the_trail(office: Office) -> None:
    report_id = await made(office)
    await office.reports.get_report(report_id, actor="examiner@desk")
    async with office.database.connection() as connection:
        entry = await audit.newest(connection, "report_read")
    assert entry is not None
    assert (entry["actor"], entry["subject"], entry["details"]) == ("examiner@desk", report_id, {"kind": "sar"})


@pytest.mark.parametrize(
    "change", ["sha256 = repeat('0', 64)", "kind = 'ctr'", "created_at = now()", "period_end = '2027-01-01'"]
)
async def test_no_report_is_changed(office: Office, change: str) -> None:
    await made(office)
    async with office.database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="is immutable"):
            await connection.execute(f"UPDATE reports SET {change}")  # noqa: S608


async def test_it_may_be_sealed_anew_and_other_bytes_under_the_seal_are_found(office: Office) -> None:
    report_id = await made(office)
    vault = Vault(encryption_keys(office.settings))
    ((sealed, key),) = await office.fetches("SELECT sealed, encryption_key FROM reports")
    plain = vault.open(sealed, key, f"reports/{report_id}")
    for content in (plain, plain.replace(b"user-7731", b"user-7732")):
        async with office.database.connection() as connection:
            await connection.execute("UPDATE reports SET sealed = %s", (vault.seal(content, f"reports/{report_id}"),))
        if content == plain:
            await office.reports.get_report(report_id, actor=OFFICER)
        else:
            with pytest.raises(ReportError, match="is not what was stored"):
                await office.reports.get_report(report_id, actor=OFFICER)


async def test_a_forced_change_of_period_is_found(office: Office) -> None:
    report_id = await made(office)
    async with office.database.connection() as connection:
        await connection.execute("ALTER TABLE reports DISABLE TRIGGER stay")
        await connection.execute("UPDATE reports SET period_end = '2027-01-01'")
    with pytest.raises(ReportError, match="is not what was stored"):
        await office.reports.get_report(report_id, actor=OFFICER)


@pytest.mark.parametrize("table", ["reports", "filings"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
async def test_nothing_younger_than_five_years_is_deleted_whoever_asks(
    office: Office, table: str, statement: str
) -> None:
    await made(office)
    async with office.database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match=r"31 CFR 1010\.430|keeps them for five years"):
            await connection.execute(statement.format(table))


async def test_what_is_older_is_deleted_by_retention(office: Office) -> None:
    await made(office)
    async with office.database.connection() as connection:
        for table in ("reports", "filings"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER stay")
        await connection.execute("UPDATE reports SET created_at = now() - interval '6 years'")
        await connection.execute("UPDATE filings SET changed_at = now() - interval '6 years'")
        cutoff = retention.latest_cutoff(date.today())  # noqa: DTZ011 - a day more or less is years away
        deleted = await retention.delete_expired(connection, cutoff, actor=OFFICER)
    assert deleted["reports"] == deleted["filings"] == 1


async def test_going_down_deletes_no_report_that_is_to_be_kept(office: Office) -> None:
    await made(office)
    with pytest.raises(DatabaseError, match=r"delete (reports|revisions of alerts) that are to be kept .*1010\.430"):
        schema.downgrade(office.settings, "0001")


async def test_a_report_that_is_none_is_not_found(office: Office) -> None:
    for wrong in ("3b241101-e2bb-4255-8caf-4136c56600ff", "first"):
        with pytest.raises(ReportNotFound):
            await office.reports.get_report(wrong, actor=OFFICER)
