"""Whoever changes, removes or adds a revision of an alert is found, and it is named; a rotation changes none."""

# ruff: noqa: S608 - statements with nothing in them but what stands here

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from lakay_streams.archive.rows import RowMaker
from lakay_streams.archive.verifying import verify_revisions
from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, FRAUD_ALERTS
from lakay_streams.db import audit
from lakay_streams.db.pool import Database
from lakay_streams.db.recorded import CHANGED
from lakay_streams.db.rotation import Keys, rotate
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.settings import Settings
from tests.archive.feed import ALERT_TOPICS, alert
from tests.archive.keeping import kept
from tests.archive.test_rows import consumed

SETTINGS_OF_TESTS = {"audit_signing_key": SecretStr("d" * 64)}
CASE = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{COMPLIANCE_ALERTS}/0/1"))


@pytest.fixture
def settings(stored: Settings) -> Settings:
    return stored.model_copy(update=SETTINGS_OF_TESTS)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """An alert of each kind, and three revisions of one, in two transactions."""
    async with Database(settings, application="tests") as database:
        await archive(database, settings, [(topic, 1, 1) for topic in ALERT_TOPICS])
        await archive(database, settings, [(COMPLIANCE_ALERTS, 1, 2), (COMPLIANCE_ALERTS, 1, 3)])
        yield database


async def archive(database: Database, settings: Settings, told: list[tuple[str, int, int]]) -> None:
    maker = RowMaker.of(settings)
    rows = [
        maker.alert(consumed(topic, json.dumps(alert(topic, number, revision=revision)).encode(), offset=revision))
        for topic, number, revision in told
    ]
    async with database.connection() as connection:
        await kept(connection, maker, rows)


async def problems(database: Database, settings: Settings) -> list[str]:
    async with database.connection() as connection:
        assert (await audit.verify(connection)).problems == ()
        return (await verify_revisions(connection, settings)).problems


async def force(database: Database, statement: str) -> None:
    """Change what the triggers protect, as the tables' owner can."""
    async with database.connection() as connection:
        for table in ("alerts", "alert_revisions", "audit_trail"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute(statement)
        for table in ("alerts", "alert_revisions", "audit_trail"):
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def test_what_nobody_touched_is_whole(database: Database, settings: Settings) -> None:
    assert await problems(database, settings) == []


OF = f"WHERE alert_id = '{CASE}' AND revision = 2"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE alert_revisions SET score = 0.9 {OF}", "was changed"),
        (f"UPDATE alert_revisions SET body = jsonb_set(body, '{{recommendation}}', '\"monitor\"') {OF}", "was changed"),
        (f"UPDATE alert_revisions SET entity = 'user-9' {OF}", "was changed"),
        (f"UPDATE alert_revisions SET recorded_at = recorded_at - interval '1 day' {OF}", "was changed"),
        (f"UPDATE alert_revisions SET content = repeat('0', 64) {OF}", "was changed"),
        (f"UPDATE alert_revisions SET sealed = '\\x00' {OF}", "cannot be read: alerts/"),
        (f"DELETE FROM alert_revisions {OF}", "is missing: row 2 of the trail tells of it."),
        (f"UPDATE alert_revisions SET link = NULL {OF}", "is missing: row 2 of the trail tells of it."),
        (
            f"UPDATE alert_revisions SET revision = 7 {OF}",
            "is missing: row 2 of the trail tells of it.",
        ),
    ],
)
async def test_a_revision_that_was_changed_or_removed_is_named(
    database: Database, settings: Settings, statement: str, problem: str
) -> None:
    await force(database, statement)
    found = await problems(database, settings)
    assert any(told.startswith(f"Revision 2 of alert {CASE} {problem}") for told in found), found


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("link", f"Revision 9 of alert {CASE} was added: row 2 of the trail, which it names, does not tell of it."),
        ("gen_random_uuid()", f"Revision 9 of alert {CASE} was added: no row of the trail tells of it."),
        ("NULL", "1 revisions of alerts were added: 1 are in no row of the trail, and there were 0 when it began"),
    ],
)
async def test_a_revision_that_was_added_is_found(
    database: Database, settings: Settings, added: str, problem: str
) -> None:
    await force(
        database,
        "INSERT INTO alert_revisions SELECT (r).* FROM (SELECT json_populate_record(alert_revisions, "
        f"json_build_object('revision', 9, 'link', {added})) AS r FROM alert_revisions {OF}) AS copied",
    )
    found = await problems(database, settings)
    assert any(told.startswith(problem) for told in found), found


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE alerts SET body = jsonb_set(body, '{{status}}', '\"withdrawn\"') WHERE alert_id = '{CASE}'",
        f"UPDATE alerts SET alert_type = 'ctr' WHERE alert_id = '{CASE}'",
        f"UPDATE alerts SET entity = 'user-9' WHERE alert_id = '{CASE}'",
        f"UPDATE alerts SET revision = 2 WHERE alert_id = '{CASE}'",
        f"DELETE FROM alert_revisions WHERE alert_id = '{CASE}' AND revision = 3",
        f"UPDATE alerts SET (revision, body, sealed) = (SELECT 2, body, sealed FROM alert_revisions {OF}) "
        f"WHERE alert_id = '{CASE}'",
    ],
)
async def test_an_alert_that_does_not_show_its_latest_revision_is_named(
    database: Database, settings: Settings, statement: str
) -> None:
    await force(database, statement)
    found = await problems(database, settings)
    assert any(told.startswith(f"Alert {CASE} was changed") for told in found), found


async def test_new_keys_of_personal_values_change_nothing(database: Database, settings: Settings) -> None:
    """Neither in the middle of a rotation, nor when the old keys are gone."""
    new = {"pii_token_secret": SecretStr("b" * 64), "pii_encryption_key": SecretStr("B" * 43 + "=")}
    old = {f"{name}_previous": getattr(settings, name) for name in new}
    both = settings.model_copy(update={**new, **old})
    await archive(database, both, [(COMPLIANCE_ALERTS, 1, 4), (FRAUD_ALERTS, 2, 1)])
    assert await problems(database, both) == []
    await rotate(database, Keys(token_keys(both), encryption_keys(both)), actor="tests")
    assert await problems(database, settings.model_copy(update=new)) == []


async def test_without_a_key_of_its_own_the_tokens_key_serves_and_is_kept_as_an_earlier_one(
    database: Database, settings: Settings
) -> None:
    own = settings.model_copy(update={"audit_signing_key": None})
    await archive(database, own, [(FRAUD_ALERTS, 2, 1)])
    (problem,) = await problems(database, settings.model_copy(update={"pii_token_secret": SecretStr("e" * 64)}))
    assert "AUDIT_SIGNING_KEY_PREVIOUS" in problem
    earlier = SecretStr(f"{'9' * 64}, {own.pii_token_secret.get_secret_value()}")
    later = {"pii_token_secret": SecretStr("e" * 64), "audit_signing_key_previous": earlier}
    assert await problems(database, settings.model_copy(update=later)) == []


async def test_a_copy_that_comes_under_another_key_is_known(database: Database, settings: Settings) -> None:
    again = settings.model_copy(
        update={"audit_signing_key": SecretStr("f" * 64), "audit_signing_key_previous": SecretStr("d" * 64)}
    )
    await archive(database, again, [(COMPLIANCE_ALERTS, 1, 2)])
    async with database.connection() as connection:
        assert await (await connection.execute("SELECT reasons FROM quarantine")).fetchall() == []
    assert await problems(database, again) == []


GOOD = {"rows": {f"{CASE}/9": "k:00"}}


@pytest.mark.parametrize(
    ("action", "subject", "details"),
    [
        ("alerts_archived", CASE, {}),
        ("alerts_archived", CASE, {"rows": 7}),
        ("alerts_archived", CASE, {"rows": [CASE]}),
        ("alerts_archived", CASE, {"rows": {"nothing": "k:00"}}),
        ("alerts_archived", CASE, {"rows": {f"{CASE}/x": "k:00"}}),
        ("alerts_archived", CASE, {"rows": {f"{CASE}/9": None}}),
        ("alerts_archived", "no uuid", GOOD),
        ("alerts_archived", "", GOOD),
        ("alert_revisions_begun", "", {"rows": "many"}),
        ("alert_revisions_begun", "", {"rows": -7}),
        ("retention_deleted", "", {}),
        ("retention_deleted", "", {"before": "yesterday"}),
        ("retention_deleted", "", {"before": 7}),
    ],
)
async def test_a_malformed_entry_is_a_finding_and_the_rest_is_checked(
    database: Database, settings: Settings, action: str, subject: str, details: dict[str, object]
) -> None:
    async with database.connection() as connection:
        await audit.append(connection, action, actor="somebody", subject=subject, details=details)
    malformed = f"Row 3 is malformed: it does not tell what {action} has to tell."
    assert await problems(database, settings) == [malformed]
    await force(database, f"UPDATE alert_revisions SET score = 0.9 {OF}")
    assert await problems(database, settings) == [f"Revision 2 of alert {CASE} {CHANGED}", malformed]
