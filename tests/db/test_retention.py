"""What is younger than five years stays, whoever asks; what is older goes on an operator's word, which is audited."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from lakay_streams.db import audit, retention, schema
from lakay_streams.db.pool import Database
from lakay_streams.db.retention import latest_cutoff
from lakay_streams.errors import RetentionError
from lakay_streams.settings import Settings
from tests.db.rows import alert, quarantined, reject, revision

TODAY = datetime.now(UTC).date()
NOTHING = dict.fromkeys(retention.TABLES, 0)
OLD = "now() - interval '5 years' - interval '2 days'"
YOUNG = "now() - interval '5 years' + interval '2 days'"


@pytest.fixture
async def database(anywhere: Settings) -> AsyncIterator[Database]:
    """Three old alerts and two young ones; of each other kind of row, one of both."""
    schema.init_db(anywhere)
    async with Database(anywhere, application="tests") as database:
        async with database.connection() as connection:
            for written in (OLD, OLD, OLD, YOUNG, "now()"):
                await connection.execute(*alert(revised_at=written))
            for written in (OLD, YOUNG):
                await connection.execute(*reject(archived_at=written))
                await connection.execute(*quarantined(archived_at=written))
        yield database


async def counts(database: Database) -> dict[str, int]:
    found = {}
    async with database.connection() as connection:
        for table in retention.TABLES:
            rows = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchall()  # noqa: S608 - ours
            found[table] = rows[0][0]
    return found


async def test_a_dry_run_counts_and_deletes_nothing(database: Database) -> None:
    before = await counts(database)
    async with database.connection() as connection:
        assert await retention.expired(connection, latest_cutoff(TODAY)) == {
            "alerts": 3,
            "rejects": 1,
            "quarantine": 1,
            "reports": 0,
            "filings": 0,
            "submissions": 0,
        }
    assert await counts(database) == before


async def test_what_is_old_enough_is_deleted_and_audited(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    cutoff = latest_cutoff(TODAY)
    async with database.connection() as connection:
        deleted = await retention.delete_expired(connection, cutoff, actor="officer@desk")
    assert deleted == NOTHING | {"alerts": 3, "rejects": 1, "quarantine": 1}
    assert await counts(database) == NOTHING | {"alerts": 2, "rejects": 1, "quarantine": 1}
    async with database.connection() as connection:
        entry = await audit.newest(connection, "retention_deleted")
    assert entry is not None
    assert (entry["actor"], entry["details"]) == ("officer@desk", {"before": cutoff.isoformat(), "rows": deleted})


async def test_a_day_less_than_five_years_ago_is_refused(database: Database) -> None:
    before = await counts(database)
    too_late = latest_cutoff(TODAY) + timedelta(days=1)
    async with database.connection() as connection:
        for asked in (
            retention.expired(connection, too_late),
            retention.delete_expired(connection, too_late, actor="test"),
        ):
            with pytest.raises(RetentionError, match=rf"give {latest_cutoff(TODAY)} or an earlier day"):
                await asked
    assert await counts(database) == before


RECORDS = (*retention.TABLES, "alert_revisions")


async def refused(database: Database, *statements: str) -> str:
    """Return why the database refuses the last of these statements."""
    async with database.connection() as connection:
        *before, last = statements
        for statement in before:
            await connection.execute(statement)
        with pytest.raises(psycopg.errors.DatabaseError) as told:
            await connection.execute(last)
    return str(told.value)


#: A report that was made, a filing, and a report that was filed, all of now; the last one however old it says it is.
FILED = (
    "INSERT INTO reports (report_id, kind, period_start, period_end, created_by, settings_version, sha256, validation, "
    "formats, sealed, encryption_key) "
    "VALUES (gen_random_uuid(), 'ctr', now(), now(), 'tests', '', '', '{}', '{}', '', '')",
    "INSERT INTO filings (alert_id, kind, due, status, revision, changed_by) "
    "VALUES (gen_random_uuid(), 'sar', '2026-01-01', 'drafted', 1, 'tests')",
    "INSERT INTO submissions (bsa_id, alert_id, kind, form, filed_on, counted_from, revision, amount_minor, movements, "
    "filed_by, recorded_at) "
    "VALUES ('1', gen_random_uuid(), 'ctr', 'initial', now(), '', 1, 1, '{}', 'tests', '2001-01-01')",
)


@pytest.mark.parametrize("table", RECORDS)
async def test_the_database_itself_refuses_whoever_asks(database: Database, table: str) -> None:
    before = await counts(database)
    for statement in ("TRUNCATE {} CASCADE", "DELETE FROM {}"):
        assert "keeps them for five years" in await refused(database, statement.format(table))
    assert await counts(database) == before


@pytest.mark.parametrize("table", retention.TABLES)
async def test_even_retention_deletes_nothing_young(database: Database, table: str) -> None:
    statement = "DELETE FROM {}"
    told = await refused(database, *FILED, "SET LOCAL lakay.retention = 'on'", statement.format(table))
    assert "31 CFR 1010.430" in told


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alerts SET revised_at = now() - interval '6 years'",
        "UPDATE alerts SET archived_at = now() - interval '6 years'",
        "UPDATE alerts SET alert_id = gen_random_uuid()",
        "UPDATE alerts SET revision = 0",
        "UPDATE alert_revisions SET archived_at = now() - interval '6 years'",
        "UPDATE alert_revisions SET revision = 9",
        "UPDATE alert_revisions SET score = 0",
        "UPDATE rejects SET archived_at = now() - interval '6 years'",
        "UPDATE rejects SET event_type = 'another'",
        "UPDATE quarantine SET archived_at = now() - interval '6 years'",
        "UPDATE quarantine SET reasons = '{}' || ARRAY['another']",
        "UPDATE filings SET changed_at = now() - interval '6 years'",
        "UPDATE filings SET alert_id = gen_random_uuid()",
        "UPDATE reports SET created_at = now() - interval '6 years'",
        "UPDATE submissions SET recorded_at = now() - interval '6 years'",
        "UPDATE submissions SET alert_id = gen_random_uuid()",
    ],
)
async def test_no_update_lowers_what_retention_counts_from_or_rewrites_a_record(
    database: Database, statement: str
) -> None:
    async with database.connection() as connection:
        new, values = alert()
        await connection.execute(new, values)
        await connection.execute(*revision(values["id"], 1))
    told = await refused(database, *FILED, statement)
    assert re.search(
        "the times that its retention counts from, do not change|is immutable|its row does not change", told
    )


async def test_the_revisions_of_an_alert_are_kept_and_go_with_it(database: Database) -> None:
    lately, long_ago = alert(revised_at="now()"), alert(revised_at=OLD)
    async with database.connection() as connection:
        for statement, values in (lately, long_ago):
            await connection.execute(statement, values)
            for number in (1, 2):
                await connection.execute(*revision(values["id"], number, archived_at=OLD))
    told = await refused(database, "SET LOCAL lakay.retention = 'on'", "DELETE FROM alert_revisions")
    assert "is kept for as long as the alert" in told
    async with database.connection() as connection:
        await retention.delete_expired(connection, latest_cutoff(TODAY), actor="test")
        cursor = await connection.execute("SELECT alert_id::text, count(*) FROM alert_revisions GROUP BY 1")
        assert await cursor.fetchall() == [(lately[1]["id"], 2)]


async def test_an_old_alert_that_was_revised_lately_is_kept(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE alerts SET revised_at = now()")
        assert (await retention.delete_expired(connection, latest_cutoff(TODAY), actor="test"))["alerts"] == 0


@pytest.mark.parametrize(
    ("today", "cutoff"),
    [
        (date(2026, 6, 30), date(2021, 6, 30)),
        (date(2029, 2, 28), date(2024, 2, 28)),
        (date(2028, 2, 29), date(2023, 2, 28)),
        (date(2029, 3, 1), date(2024, 3, 1)),
    ],
)
def test_five_years_are_five_years_of_the_calendar(today: date, cutoff: date) -> None:
    assert latest_cutoff(today) == cutoff
