"""Whoever changes, removes or adds what was filed or decided is found, and it is named; a rotation changes nothing."""

# ruff: noqa: S608 - statements with nothing in them but what stands here

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

import psycopg
import pytest
from pydantic import SecretStr

from lakay_streams.archive.verifying import verify_revisions
from lakay_streams.db import audit, recorded, retention, schema
from lakay_streams.db.rotation import Keys, rotate
from lakay_streams.db.url import parameters_of
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.reports.verifying import verify_filings
from lakay_streams.settings import Settings
from tests.db.rows import alert
from tests.reports.office import OFFICER, SPLIT, Office

BSA_ID = "31000123456789"
CASH = "03-10 12:00 deposit 12,000 cash"
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
TABLES = ("submissions", "filings", "reports", "alerts", "alert_revisions")
SEALS = {"pii_token_secret": SecretStr("b" * 64), "pii_encryption_key": SecretStr("B" * 43 + "=")}


class LongAgo(datetime):
    """A clock that is six years slow."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> LongAgo:
        """Return the time of then."""
        return cls.fromtimestamp((datetime.now(tz) - timedelta(days=6 * 366)).timestamp(), tz)


async def problems(office: Office, settings: Settings | None = None) -> list[str]:
    async with office.database.connection() as connection:
        assert (await audit.verify(connection)).problems == ()
        alerts = await verify_revisions(connection, settings or office.settings)
        return alerts.problems + (await verify_filings(connection, settings or office.settings)).problems


async def force(office: Office, *statements: str) -> None:
    """Change what the triggers protect, as the tables' owner can."""
    async with office.database.connection() as connection:
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
async def filed(office: Office) -> str:
    """An alert whose report was drafted and filed."""
    office.settings = office.settings.model_copy(update={"audit_signing_key": SecretStr("d" * 64)})
    (alert_id,) = await office.learns("user-1", CASH)
    await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    return alert_id


async def test_whatever_officers_decide_is_whole(office: Office) -> None:
    for step in ("drafted", "determined", "declined"):
        alert_ids = await office.learns(f"user-{step}", SPLIT)
        (alert_id,) = [
            str(found)
            for (found,) in await office.fetches(
                "SELECT alert_id FROM alerts WHERE alert_type = 'structuring' AND alert_id = ANY(%s::uuid[])", alert_ids
            )
        ]
        if step != "declined":
            await office.reports.determined(alert_id, actor=OFFICER)
        if step == "drafted":
            await office.reports.draft_sar(alert_id, actor=OFFICER)
        if step == "declined":
            await office.reports.declined(alert_id, reason="né à Jérémie", actor=OFFICER)
    (review,) = await office.learns(
        "user-9", "03-10 09:00 deposit 3,000 bank\n03-10 10:00 transfer 2,950 wallet to anne"
    )
    await office.reports.reviewed(review, reason="rent", actor=OFFICER)
    (currency,) = await office.learns("user-8", CASH)
    await office.reports.filed(currency, bsa_id=BSA_ID, actor=OFFICER)
    statuses = {status for (status,) in await office.fetches("SELECT status FROM filings")}
    assert statuses == {"drafted", "determined", "declined", "reviewed", "filed"}
    assert await problems(office) == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE submissions SET filed_on = filed_on - 3", "What was filed of alert {} as 31000123456789 was changed"),
        ("UPDATE submissions SET amount_minor = 1", "What was filed of alert {} as 31000123456789 was changed"),
        ("UPDATE submissions SET movements = '{{}}'", "What was filed of alert {} as 31000123456789 was changed"),
        ("UPDATE submissions SET bsa_id = '1'", "What was filed of alert {} as 1 was added: no row of the trail"),
        ("UPDATE submissions SET bsa_id = '1'", "What was filed of alert {} as 31000123456789 is missing: row"),
        ("DELETE FROM submissions", "What was filed of alert {} as 31000123456789 is missing: row"),
        ("UPDATE filings SET status = 'drafted'", "The filing of alert {} was changed"),
        ("UPDATE filings SET due = due + 30", "The filing of alert {} was changed"),
        ("UPDATE filings SET changed_by = 'nobody'", "The filing of alert {} was changed"),
        ("DELETE FROM filings", "The filing of alert {} is missing: row"),
    ],
)
async def test_what_was_changed_or_removed_is_named(office: Office, filed: str, statement: str, named: str) -> None:
    assert await problems(office) == []
    await force(office, statement.format())
    found = await problems(office)
    assert any(told.startswith(named.format(filed)) for told in found), found


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "INSERT INTO submissions SELECT '2', gen_random_uuid(), kind, form, prior_bsa_id, filed_on, due, "
            "counted_from, revision, report_id, amount_minor, movements, filed_by FROM submissions",
            "as 2 was added: no row of the trail tells of it.",
        ),
        (
            "INSERT INTO filings (alert_id, kind, status, revision, changed_by) "
            "VALUES (gen_random_uuid(), 'sar', 'determined', 1, 'somebody')",
            "was added: no row of the trail tells of it.",
        ),
    ],
)
async def test_what_was_added_is_named(office: Office, filed: str, statement: str, named: str) -> None:
    assert filed
    await force(office, statement)
    (told,) = await problems(office)
    assert told.endswith(named)


async def test_what_was_filed_lately_is_missed_although_the_trail_says_that_retention_deleted_it(
    office: Office, filed: str
) -> None:
    await force(office, *(f"DELETE FROM {table}" for table in TABLES))
    async with office.database.connection() as connection:
        await audit.append(connection, "retention_deleted", actor="x", details={"before": "2099-01-01", "rows": {}})
    found = await problems(office)
    assert [told.partition(" is missing")[0] for told in found] == [
        f"Revision 1 of alert {filed}",
        f"The filing of alert {filed}",
        f"What was filed of alert {filed} as {BSA_ID}",
    ]


async def test_what_retention_deletes_is_missing_with_right(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.settings = office.settings.model_copy(update={"audit_signing_key": SecretStr("d" * 64)})
    with monkeypatch.context() as patched:
        patched.setattr(audit, "datetime", LongAgo)
        (alert_id,) = await office.learns("user-1", CASH)
        await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    (young,) = await office.learns("user-2", CASH)
    await office.reports.filed(young, bsa_id="31000123456790", actor=OFFICER)
    old = "now() - interval '6 years'"
    await force(
        office,
        f"UPDATE alerts SET archived_at = {old}, revised_at = {old} WHERE alert_id = '{alert_id}'",
        f"UPDATE filings SET changed_at = {old} WHERE alert_id = '{alert_id}'",
        f"UPDATE submissions SET recorded_at = {old} WHERE alert_id = '{alert_id}'",
    )
    async with office.database.connection() as connection:
        cutoff = retention.latest_cutoff(datetime.now(UTC).date())
        gone = await retention.delete_expired(connection, cutoff, actor=OFFICER)
    assert (gone["alerts"], gone["filings"], gone["submissions"]) == (1, 1, 1)
    assert await problems(office) == []
    await force(office, f"DELETE FROM submissions WHERE alert_id = '{young}'")
    assert [told.partition(" is missing")[0] for told in await problems(office)] == [
        f"What was filed of alert {young} as 31000123456790"
    ]


async def test_an_old_revision_of_an_alert_that_stands_is_missed_after_retention(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Revisions go with their alert, and not before it."""
    with monkeypatch.context() as patched:
        patched.setattr(audit, "datetime", LongAgo)
        (alert_id,) = await office.learns("user-1", CASH)
    await force(office, "UPDATE alerts SET archived_at = now() - interval '7 years'")
    async with office.database.connection() as connection:
        await retention.delete_expired(connection, retention.latest_cutoff(datetime.now(UTC).date()), actor=OFFICER)
    assert await problems(office) == []
    await force(office, "DELETE FROM alert_revisions")
    assert any(told.startswith(f"Revision 1 of alert {alert_id} is missing: row 1") for told in await problems(office))


async def test_new_keys_of_personal_values_change_nothing(office: Office, filed: str) -> None:
    assert filed
    old = {f"{name}_previous": getattr(office.settings, name) for name in SEALS}
    both = office.settings.model_copy(update={**SEALS, **old})
    await rotate(office.database, Keys(token_keys(both), encryption_keys(both)), actor="tests")
    assert await problems(office, office.settings.model_copy(update=SEALS)) == []


async def test_a_digest_of_a_key_that_is_not_held_says_what_to_add(office: Office, filed: str) -> None:
    another = office.settings.model_copy(update={"audit_signing_key": SecretStr("e" * 64)})
    found = [told for told in await problems(office, another) if told.startswith("The filing of")]
    assert [told.partition(": ")[0] for told in found] == [f"The filing of alert {filed} cannot be checked"]
    assert "AUDIT_SIGNING_KEY_PREVIOUS" in found[0]


async def test_nobody_can_try_out_what_stands_behind_a_digest_in_the_trail(office: Office, filed: str) -> None:
    """Without the key, which the database does not hold: two keys make two digests of the same."""
    assert filed
    rows = "SELECT entry::jsonb #> '{details,rows}' FROM audit_trail WHERE action = 'report_filed'"
    ((first,),) = await office.fetches(rows)
    office.settings = office.settings.model_copy(update={"audit_signing_key": SecretStr("e" * 64)})
    (other,) = await office.learns("user-2", CASH)
    await office.reports.filed(other, bsa_id="31000123456790", actor=OFFICER)
    _, (second,) = await office.fetches(rows)
    keys = [{digest.partition(":")[0] for digest in each.values()} for each in (first, second)]
    assert [len(each) for each in keys] == [1, 1]
    assert keys[0] != keys[1]


async def test_rows_of_before_the_trail_told_of_them_are_known_by_name(fresh: Settings) -> None:
    schema.upgrade(fresh, "0005")
    with psycopg.connect(**parameters_of(fresh, "tests"), autocommit=True) as connection:
        statement, values = alert(kind="compliance")
        connection.execute(statement, values)
        for table, columns, row in (
            ("filings", "alert_id, kind, status, revision, changed_by", "%(id)s, 'ctr', 'filed', 1, 'officer'"),
            (
                "submissions",
                "alert_id, bsa_id, kind, form, filed_on, counted_from, revision, amount_minor, movements, filed_by",
                "%(id)s, '31000123456789', 'ctr', 'initial', now(), '', 1, 5, '{}', 'officer'",
            ),
        ):
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({row})".encode(), values)
    schema.upgrade(fresh)
    schema.downgrade(fresh, "0005")
    schema.upgrade(fresh)
    async with await psycopg.AsyncConnection.connect(**parameters_of(fresh, "tests")) as reading:
        assert (await audit.verify(reading)).problems == ()
        assert await verify_filings(reading, fresh) == ([], 2)
        await reading.rollback()
        await reading.execute("ALTER TABLE submissions DISABLE TRIGGER USER")
        await reading.execute("UPDATE submissions SET bsa_id = '2'")
        added, missing = (await verify_filings(reading, fresh)).problems
    assert added == f"What was filed of alert {values['id']} as 2 was added: no row of the trail tells of it."
    assert missing.startswith(f"What was filed of alert {values['id']} as 31000123456789 is missing: row ")


async def test_nobody_adds_a_row_by_telling_that_it_was_there_before(office: Office, filed: str) -> None:
    assert filed
    added = "3b241101-e2bb-4255-8caf-4136c56600ff"
    await force(
        office,
        "INSERT INTO filings (alert_id, kind, status, revision, changed_by) "
        f"VALUES ('{added}', 'sar', 'determined', 1, 'somebody')",
    )
    async with office.database.connection() as connection:
        details = {"rows": {f"filings/{added}": None}}
        await audit.append(connection, "filings_begun", actor="migration", details=details)
    assert await problems(office) == [f"The filing of alert {added} was added: no row of the trail tells of it."]


@pytest.mark.parametrize(
    ("action", "details"),
    [
        ("report_filed", {"rows": []}),
        ("report_filed", {"rows": {"nothing": "k:00"}}),
        ("report_drafted", {"rows": {"filings/": "k:00"}}),
        ("report_declined", {"rows": {"filings/x": 7}}),
        ("filings_begun", {"rows": 7}),
    ],
)
async def test_a_malformed_entry_is_a_finding_and_the_rest_is_checked(
    office: Office, filed: str, action: str, details: dict[str, object]
) -> None:
    async with office.database.connection() as connection:
        head = await audit.append(connection, action, actor="somebody", details=details)
    malformed = f"Row {head.seq} is malformed: it does not tell what {action} has to tell."
    assert await problems(office) == [malformed]
    await force(office, "UPDATE filings SET changed_by = 'somebody'")
    assert await problems(office) == [malformed, f"The filing of alert {filed} {recorded.CHANGED}"]
