"""What is younger than five years stays, whoever asks; what is older goes on an operator's word, which is audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from lakay_streams.db import audit, retention, schema
from lakay_streams.db.pool import Database
from lakay_streams.db.retention import latest_cutoff
from lakay_streams.errors import RetentionError
from lakay_streams.settings import Settings
from tests.db.rows import alert, quarantined, reject

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


@pytest.mark.parametrize("statement", ["DELETE FROM alerts", "TRUNCATE alerts"])
async def test_the_database_itself_refuses_whoever_asks(database: Database, statement: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match=r"31 CFR 1010\.430|keeps them for five years"):
            await connection.execute(statement)
    assert (await counts(database))["alerts"] == 5


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
