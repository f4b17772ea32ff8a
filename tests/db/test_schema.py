"""The schema goes up and down on every server, is made by whoever comes first, and refuses what would lose records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lakay_streams.db import schema
from lakay_streams.db.url import connection_parameters
from lakay_streams.errors import DatabaseError, DatabaseUnavailable
from lakay_streams.settings import Settings
from tests.db.revisions import NEWEST
from tests.db.rows import alert, quarantined, reject, revision
from tests.db.servers import settings_for

ROOT = Path(__file__).parents[2]


def connect(settings: Settings) -> psycopg.Connection[Any]:
    return psycopg.connect(**connection_parameters(settings.database_url, "tests"), autocommit=True)


def tables(settings: Settings) -> set[str]:
    with connect(settings) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in found}


def test_it_goes_up_and_down_and_up_again(anywhere: Settings) -> None:
    assert schema.status(anywhere).current == schema.NOTHING
    schema.upgrade(anywhere)
    made = tables(anywhere)
    assert {
        "alerts",
        "alert_revisions",
        "rejects",
        "quarantine",
        "schema_versions",
        "archive_positions",
        "audit_trail",
    } <= made
    schema.downgrade(anywhere, "base")
    assert tables(anywhere) == {"alembic_version"}
    schema.upgrade(anywhere)
    assert tables(anywhere) == made
    assert schema.status(anywhere).pending == ()


def test_of_two_who_come_first_one_makes_it(anywhere: Settings) -> None:
    with ThreadPoolExecutor(4) as together:
        for done in [together.submit(schema.init_db, anywhere) for _ in range(4)]:
            done.result()
    assert schema.status(anywhere).pending == ()


def test_going_down_deletes_no_record_that_is_to_be_kept(anywhere: Settings) -> None:
    schema.init_db(anywhere)
    with connect(anywhere) as connection:
        connection.execute(*alert(revised_at="now() - interval '5 years' + interval '1 minute'"))
    with pytest.raises(DatabaseError, match=r"31 CFR 1010\.430"):
        schema.downgrade(anywhere, "base")
    assert "alerts" in tables(anywhere)
    with connect(anywhere) as connection:
        connection.execute("ALTER TABLE alerts DISABLE TRIGGER USER")
        connection.execute("UPDATE alerts SET revised_at = now() - interval '5 years' - interval '1 minute'")
    schema.downgrade(anywhere, "base")


def test_alerts_from_before_revisions_were_kept_have_their_only_one(anywhere: Settings) -> None:
    schema.upgrade(anywhere, "0002")
    bodies = {
        ("compliance", '{"revision": 7}'): 7,
        ("compliance", '{"revision": "many"}'): 1,
        ("compliance", '{"revision": 123456789012}'): 1,
        ("fraud", '{"revision": 3}'): 1,
    }
    with connect(anywhere) as connection:
        for kind, body in bodies:
            statement, values = alert(kind=kind, revised_at="now() - interval '1 year'")
            connection.execute(statement.replace("'{}'", "%(body)s", 1), values | {"body": body})
        connection.execute(*reject(archived_at="now()"))
        connection.execute(*quarantined(archived_at="now()"))
    schema.upgrade(anywhere)
    with connect(anywhere) as connection:
        for table in ("alerts", "alert_revisions"):
            found = connection.execute(f"SELECT kind, body::text, revision FROM {table}").fetchall()  # noqa: S608
            assert {(kind, body): revision for kind, body, revision in found} == bodies
        same = "SELECT bool_and(r.archived_at = a.revised_at) FROM alerts a JOIN alert_revisions r USING (alert_id)"
        assert connection.execute(same).fetchone() == (True,)
    schema.downgrade(anywhere, "0002")
    schema.upgrade(anywhere)


def test_going_down_deletes_no_revision_that_is_to_be_kept(anywhere: Settings) -> None:
    schema.init_db(anywhere)
    statement, values = alert(kind="compliance")
    with connect(anywhere) as connection:
        connection.execute(statement, values)
        for number in (1, 2):
            connection.execute(*revision(values["id"], number))
        connection.execute("UPDATE alerts SET revision = 2")
    with pytest.raises(DatabaseError, match=r"delete revisions of alerts that are to be kept .*31 CFR 1010\.430"):
        schema.downgrade(anywhere, "0002")
    assert schema.status(anywhere).pending == ()


def test_alembic_itself_does_the_same(fresh: Settings) -> None:
    """The runbook's own commands (2.5 and 8.5)."""
    for step in (("upgrade", "head"), ("downgrade", "-1"), ("upgrade", "head")):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *step],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": fresh.database_url.get_secret_value()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert schema.status(fresh).pending == ()


def test_a_database_of_a_newer_version_is_refused(stored: Settings) -> None:
    with connect(stored) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="revision 9999, which this version does not know"):
        schema.init_db(stored)


TWO = "INSERT INTO alembic_version VALUES ('0003')"
NONE = "DELETE FROM alembic_version"
OTHER = "ALTER TABLE alembic_version RENAME version_num TO other"


@pytest.mark.parametrize(
    ("change", "act", "told"),
    [
        (TWO, schema.status, f"2 revisions at once (0003, {NEWEST})"),
        (TWO, schema.downgrade, f"2 revisions at once (0003, {NEWEST})"),
        (NONE, schema.upgrade, 'relation "alerts" already exists'),
        (NONE, schema.init_db, 'relation "alerts" already exists'),
        (OTHER, schema.status, "column alembic_version.version_num does not exist"),
    ],
)
def test_a_schema_that_somebody_has_changed_is_one_sentence(
    stored: Settings, change: str, act: Callable[[Settings], object], told: str
) -> None:
    with connect(stored) as connection:
        connection.execute(change)
    with pytest.raises(DatabaseError) as refused:
        act(stored)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_step_is_one_sentence(stored: Settings) -> None:
    with pytest.raises(DatabaseError, match=r"There is no such step \(.*\): see `lakay db status`"):
        schema.upgrade(stored, "twelve")


def test_a_server_that_is_away_is_one_sentence(fresh: Settings) -> None:
    with pytest.raises(DatabaseUnavailable, match="start it, or correct DATABASE_URL") as refused:
        schema.init_db(settings_for("postgresql+asyncpg://lakay:hush-hush@127.0.0.1:1/lakay"))
    assert "\n" not in str(refused.value)
    assert "hush-hush" not in str(refused.value)


def test_what_was_filed_before_submissions_were_kept_is_one_and_going_down_keeps_it(anywhere: Settings) -> None:
    schema.upgrade(anywhere, "0003")
    statement, values = alert(kind="compliance", revised_at="now() - interval '6 years'")
    movements = [
        {"movement_id": "before", "usd_minor": 5, "business_day": "2020-03-10"},
        {"movement_id": "after", "usd_minor": 7, "business_day": "2020-03-25"},
    ]
    body = {"evidence": {"movements": movements}, "totals": {"in_minor": 5, "out_minor": 0}}
    with connect(anywhere) as connection:
        connection.execute(statement.replace("'{}'", "%(body)s", 1), values | {"body": json.dumps(body)})
        connection.execute(
            "INSERT INTO filings (alert_id, kind, due, status, revision, bsa_id, filed_on, changed_by, changed_at) "
            "VALUES (%(id)s, 'sar', '2020-04-09', 'filed', 1, '31000123456789', '2020-03-20', 'officer', "
            "now() - interval '6 years')",
            values,
        )
    schema.upgrade(anywhere, "0004")
    with connect(anywhere) as connection:
        found = connection.execute(
            "SELECT bsa_id, form, filed_on::text, due::text, amount_minor, movements FROM submissions"
        ).fetchall()
    assert found == [("31000123456789", "initial", "2020-03-20", "2020-04-09", 5, {"before": 5})]
    schema.downgrade(anywhere, "0003")
    with connect(anywhere) as connection:
        assert connection.execute("SELECT bsa_id, filed_on::text FROM filings").fetchall() == [
            ("31000123456789", "2020-03-20")
        ]
    schema.upgrade(anywhere, "0004")


def test_going_down_forgets_nothing_that_was_filed_or_determined_lately(anywhere: Settings) -> None:
    schema.upgrade(anywhere, "0004")
    with connect(anywhere) as connection:
        connection.execute(
            "INSERT INTO submissions (bsa_id, alert_id, kind, form, filed_on, counted_from, revision, amount_minor, "
            "movements, filed_by) VALUES ('31000123456789', gen_random_uuid(), 'ctr', 'initial', now(), '', 1, 1, "
            "'{}', 'officer')"
        )
    with pytest.raises(DatabaseError, match=r"delete what was filed and decided"):
        schema.downgrade(anywhere, "0003")
