"""With two roles, the application's does its work and can undo none of the database's protections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr
from structlog.testing import capture_logs

from lakay_streams.archive.rows import RowMaker
from lakay_streams.archive.verifying import verify_revisions
from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, FRAUD_ALERTS
from lakay_streams.db import audit, retention, roles, schema
from lakay_streams.db.pool import Database
from lakay_streams.db.rotation import Keys, rotate
from lakay_streams.db.url import connection_parameters
from lakay_streams.embedded.postgres import APPLICATION_ROLE, PASSWORD, ROLE
from lakay_streams.errors import DatabaseError
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.settings import Settings
from tests.archive.feed import alert
from tests.archive.keeping import kept
from tests.archive.test_rows import consumed
from tests.db.test_commands import Operator

TODAY = datetime.now(UTC).date()
TABLES = (*retention.TABLES, "alert_revisions", "audit_trail", "audit_head")


def of_application(settings: Settings) -> Settings:
    """Return settings with two roles: that of `settings` owns, and another one is the application's."""
    owner = settings.database_url
    url = owner.get_secret_value().replace(f"//{ROLE}:{PASSWORD}@", f"//{APPLICATION_ROLE}:{PASSWORD}@")
    return settings.model_copy(update={"database_url": SecretStr(url), "database_owner_url": owner})


@pytest.fixture
def separate(fresh: Settings) -> Settings:
    """A database that the owner has made, as the application sees it."""
    settings = of_application(fresh)
    schema.init_db(settings)
    return settings


@pytest.fixture
def application(separate: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the application's."""
    with psycopg.connect(**connection_parameters(separate.database_url, "tests")) as connection:
        yield connection


async def test_the_archive_and_a_rotation_work_and_retention_is_the_owners(separate: Settings) -> None:
    maker = RowMaker.of(separate)
    rows = [
        maker.alert(consumed(topic, json.dumps(alert(topic, 1, revision=number)).encode(), offset=number))
        for topic in (FRAUD_ALERTS, COMPLIANCE_ALERTS)
        for number in (1, 2)
    ]
    async with Database(separate, application="tests") as database:
        async with database.connection() as connection:
            await kept(connection, maker, [*rows, maker.alert(consumed(FRAUD_ALERTS, b"poison", offset=9))])
        new = {"pii_token_secret": SecretStr("b" * 64), "pii_encryption_key": SecretStr("B" * 43 + "=")}
        old = {f"{name}_previous": getattr(separate, name) for name in new}
        both = separate.model_copy(update={**new, **old})
        await rotate(database, Keys(token_keys(both), encryption_keys(both)), actor="tests")
        async with database.connection() as connection:
            assert (await audit.verify(connection)).problems == ()
            assert (await verify_revisions(connection, both)).problems == []
        with pytest.raises(InsufficientPrivilege):
            async with database.connection() as connection:
                await retention.delete_expired(connection, retention.latest_cutoff(TODAY), actor="tests")
    async with Database(roles.as_owner(separate), application="tests") as database, database.connection() as connection:
        await retention.delete_expired(connection, retention.latest_cutoff(TODAY), actor="tests")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE {} DISABLE TRIGGER USER",
        "DROP TABLE {} CASCADE",
        "TRUNCATE {} CASCADE",
        "DELETE FROM {}",
        "ALTER TABLE {} ADD COLUMN more text",
    ],
)
def test_the_application_can_undo_no_protection(
    application: psycopg.Connection[Any], table: str, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.format(table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_head SET seq = 0",
        "INSERT INTO audit_head (one, seq, hash) VALUES (true, 0, '')",
        "UPDATE audit_trail SET entry = entry",
        "UPDATE alerts SET archived_at = now()",
        "UPDATE alert_revisions SET revision = 9",
        "UPDATE quarantine SET reasons = '{}'",
        "UPDATE reports SET sha256 = ''",
        "INSERT INTO rejects (rejected_id, archived_at) VALUES (gen_random_uuid(), '2001-01-01')",
        "INSERT INTO alerts (alert_id, archived_at) VALUES (gen_random_uuid(), '2001-01-01')",
        "INSERT INTO reports (report_id, created_at) VALUES (gen_random_uuid(), '2001-01-01')",
        "INSERT INTO filings (alert_id, changed_at) VALUES (gen_random_uuid(), '2001-01-01')",
        "UPDATE submissions SET filed_on = now()",
        "DROP FUNCTION records_stay CASCADE",
        "CREATE OR REPLACE FUNCTION records_stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "UPDATE alembic_version SET version_num = '0002'",
        "SET session_replication_role = 'replica'",
    ],
)
def test_it_changes_nothing_that_it_need_not(application: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.encode())


def test_without_the_owner_the_application_is_told_who_may_change_the_schema(separate: Settings) -> None:
    alone = separate.model_copy(update={"database_owner_url": None})
    assert schema.status(alone).pending == ()
    schema.init_db(alone)
    with pytest.raises(DatabaseError, match="name the one that owns the tables in DATABASE_OWNER_URL"):
        schema.downgrade(alone, "0002")
    schema.downgrade(separate, "0002")
    schema.upgrade(separate)


def test_a_role_that_is_not_there_or_owns_the_tables_is_one_sentence(fresh: Settings) -> None:
    nobody = of_application(fresh)
    url = nobody.database_url.get_secret_value().replace(f"//{APPLICATION_ROLE}:", "//nobody_here:")
    with pytest.raises(DatabaseError, match=r"is not there: run CREATE ROLE"):
        schema.upgrade(nobody.model_copy(update={"database_url": SecretStr(url)}))
    assert schema.status(fresh).current == schema.NOTHING, "all of it or nothing"
    schema.upgrade(fresh)
    assert schema.grant(fresh) is None
    other_way_round = {"database_url": fresh.database_url, "database_owner_url": nobody.database_url}
    with pytest.raises(DatabaseError, match=r"are owned by lakay: .* run REASSIGN OWNED BY"):
        schema.grant(fresh.model_copy(update=other_way_round))


async def test_which_it_is_is_said_in_one_line(separate: Settings) -> None:
    for settings, event in ((separate, "database_two_roles"), (roles.as_owner(separate), "database_one_role")):
        async with Database(settings, application="tests") as database, database.connection() as connection:
            with capture_logs() as logged:
                await roles.tell(connection)
        assert [line["event"] for line in logged] == [event]


def test_the_operator_grants_and_deletes_as_the_owner(separate: Settings, tmp_path: Path) -> None:
    assert separate.database_owner_url is not None
    operator = Operator(separate, tmp_path)
    owner = {"DATABASE_OWNER_URL": separate.database_owner_url.get_secret_value()}
    assert operator.types("db grant", **owner).stdout == f"{APPLICATION_ROLE} has its rights.\n"
    assert "deleted 0 of alerts" in operator.types("db retention --delete", **owner).stdout
    assert operator.types("audit verify").returncode == 0
