"""`lakay pii rotate`: everything is under the new keys, nothing else changed, and an archive wrote all the while."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple

import psycopg
import pytest
from pydantic import SecretStr

from lakay_streams.archive.rows import Row, RowMaker
from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, FRAUD_ALERTS, REJECTED
from lakay_streams.db import audit, rotation
from lakay_streams.db.pool import Database
from lakay_streams.db.rotation import Keys, rotate
from lakay_streams.db.url import connection_parameters
from lakay_streams.errors import PiiError
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import TOKEN, Tokens
from lakay_streams.reports.service import Reports
from lakay_streams.settings import Settings
from tests.agents.running import until
from tests.archive.feed import ALERT_TOPICS, alert, reject
from tests.archive.keeping import kept
from tests.archive.test_rows import consumed

OLD = {"pii_token_secret": SecretStr("a" * 64), "pii_encryption_key": SecretStr("A" * 43 + "=")}
NEW = {"pii_token_secret": SecretStr("b" * 64), "pii_encryption_key": SecretStr("B" * 43 + "=")}
PREVIOUS = {f"{name}_previous": secret for name, secret in OLD.items()}

ALERTS = 120


class Kept(NamedTuple):
    """An alert as who holds the keys reads it, and all columns of its row that no key has a part in."""

    document: Any
    rest: tuple[Any, ...]


class Archive:
    """Writes rows as `lakay archive` does, under some keys, and reads them."""

    def __init__(self, settings: Settings) -> None:
        """Take the keys of `settings`."""
        self.settings = settings
        self.tokens, self.vault = Tokens(token_keys(settings)), Vault(encryption_keys(settings))
        self._maker = RowMaker.of(settings)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(**connection_parameters(self.settings.database_url, "tests"))

    def alert(self, number: int, revision: int = 1, **more: Any) -> Row:
        topic = COMPLIANCE_ALERTS if number % 3 == 0 else ALERT_TOPICS[number % len(ALERT_TOPICS)]
        document = alert(topic, number, revision=revision) | {"latitude": 18.5 + number, **more}
        value = json.dumps(document).encode()
        return self._maker.alert(consumed(topic, value, offset=number, timestamp=1_770_000_000_000 + revision))

    def quarantined(self, number: int) -> Row:
        return self._maker.alert(consumed(FRAUD_ALERTS, b"not JSON, of Marie", offset=number))

    def reject(self, number: int) -> Row:
        document = json.loads(reject(number, 1).value or b"")
        document["rejection_reasons"] = ["payload: 'marie@example.com' is no id", "payload.amount: must be a number"]
        return self._maker.reject(consumed(REJECTED, json.dumps(document).encode(), offset=number))

    def write(self, *rows: Row) -> None:
        """Write from wherever it is called: also where a loop runs already."""
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, self._write(rows)).result()

    async def _write(self, rows: Sequence[Row]) -> None:
        async with Database(self.settings, application="tests") as database, database.connection() as connection:
            await kept(connection, self._maker, rows)

    def fill(self) -> None:
        self.write(*(self.alert(number) for number in range(ALERTS)))
        self.write(*(self.quarantined(number) for number in range(20)), *(self.reject(number) for number in range(20)))

    def alerts(self) -> dict[str, Kept]:
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT alert_id::text, body, sealed, encryption_key, kind, alert_type, tier, score, occurred_at, "
                "recorded_at, archived_at, revised_at, settings_version, topic, partition, topic_offset FROM alerts"
            ).fetchall()
        kept = {}
        for alert_id, body, sealed, key_id, *rest in rows:
            values = json.loads(self.vault.open(sealed, key_id, f"alerts/{alert_id}")) if sealed else {}
            document = reveal(body, values)
            assert not TOKEN.search(json.dumps(document))
            kept[alert_id] = Kept(document, tuple(rest))
        return kept

    def quarantine(self) -> set[bytes]:
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT topic, partition, topic_offset, sealed, encryption_key FROM quarantine"
            ).fetchall()
        return {self.vault.open(sealed, key, f"quarantine/{topic}/{n}/{at}") for topic, n, at, sealed, key in rows}

    def found(self, user: str) -> int:
        """Return how many alerts about a user are found."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT count(*) FROM alerts WHERE entity = ANY(%s)", (self.tokens.all_of("user", user),)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def dump(self) -> str:
        """Return every row of every table as text."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT alerts::text FROM alerts UNION ALL SELECT alert_revisions::text FROM alert_revisions "
                "UNION ALL SELECT quarantine::text FROM quarantine "
                "UNION ALL SELECT rejects::text FROM rejects ORDER BY 1"
            ).fetchall()
        return "\n".join(text for (text,) in rows)


@pytest.fixture
def old(stored: Settings) -> Archive:
    """An archive with the old keys, which has written rows of every kind."""
    archive = Archive(stored.model_copy(update=OLD))
    archive.fill()
    return archive


@pytest.fixture
def new(old: Archive) -> Archive:
    """The one that was started again with new keys, and still holds the old ones."""
    return Archive(old.settings.model_copy(update={**NEW, **PREVIOUS}))


def only_new(old: Archive) -> Archive:
    """Return an archive that does not hold the old keys any more."""
    return Archive(old.settings.model_copy(update=NEW))


def keys_of(archive: Archive) -> Keys:
    return Keys(token_keys(archive.settings), encryption_keys(archive.settings))


async def rotated(archive: Archive) -> dict[str, int]:
    async with Database(archive.settings, application="tests") as database:
        return await rotate(database, keys_of(archive), actor="tests")


def lakay(archive: Archive, module: str = "lakay_streams.cli", **more: str) -> subprocess.CompletedProcess[str]:
    settings = archive.settings
    secrets = {
        name.upper(): value.get_secret_value()
        for name in (*OLD, *PREVIOUS, "database_url")
        if (value := getattr(settings, name)) is not None
    }
    return subprocess.run(
        [sys.executable, "-m", module, "pii", "rotate"],
        env=os.environ | secrets | more,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_everything_is_under_the_new_keys_and_nothing_else_has_changed(old: Archive, new: Archive) -> None:
    before, sealed = old.alerts(), old.quarantine()
    assert await rotated(new) == {
        "alerts": ALERTS,
        "alert_revisions": ALERTS,
        "quarantine": 20,
        "reports": 0,
        "lake_keys": 0,
        "rejects": 20,
    }
    after = only_new(old)
    assert after.alerts() == before
    assert after.quarantine() == sealed == {b"not JSON, of Marie"}
    for key in (keys_of(old).tokens.current, keys_of(old).encryption.current):
        assert key.id not in after.dump()


async def test_a_rotated_alert_is_what_the_archive_would_write_now(old: Archive, new: Archive) -> None:
    await rotated(new)
    with new.connect() as connection:
        for number in range(ALERTS):
            row = json.loads(new.alert(number).value)
            found = connection.execute(
                "SELECT body, entity, token_key, encryption_key FROM alerts WHERE alert_id = %s", (row["alert_id"],)
            ).fetchone()
            assert found == (row["body"], row["entity"], row["token_key"], row["encryption_key"])


async def test_a_token_whose_value_is_kept_nowhere_is_forgotten(old: Archive, new: Archive) -> None:
    assert "email_" in old.dump()
    await rotated(new)
    with new.connect() as connection:
        reasons = {row[0] for row in connection.execute("SELECT reasons[1] FROM rejects").fetchall()}
    assert reasons == {"payload: '[email]' is no id"}


async def test_meanwhile_rows_under_both_keys_are_found_and_read(
    old: Archive, new: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, of_one = old.alerts(), old.found("user-3")
    assert of_one
    monkeypatch.setattr(rotation, "CHUNK", 7)
    seen = []

    def look(table: str, done: int, of: int) -> None:
        if table == "alerts" and done < of:
            seen.append(new.found("user-3"))
            assert new.alerts() == before

    async with Database(new.settings, application="tests") as database:
        await rotate(database, keys_of(new), actor="tests", tell=look)
    assert len(seen) > 10
    assert set(seen) == {of_one}
    assert only_new(old).found("user-3") == of_one


async def test_an_archive_that_revises_alerts_meanwhile_loses_no_revision(
    old: Archive, new: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "CHUNK", 5)
    rotating = asyncio.create_task(rotated(new))
    revision = 1
    while not rotating.done() or revision < 3:
        revision += 1
        rows = [new.alert(number, revision) for number in range(0, ALERTS + 10, 3)]
        # Several rows in one transaction, in no order of their keys: who waited for locks here would deadlock.
        await asyncio.to_thread(new.write, *rows)
    await rotating
    last = only_new(old)
    found = last.alerts()
    for number in range(0, ALERTS, 3):
        alert_id = json.loads(new.alert(number).value)["alert_id"]
        assert found[alert_id].document["revision"] == revision
    with last.connect() as connection:
        revisions = connection.execute("SELECT count(*) FROM alert_revisions").fetchone()
    assert revisions == (ALERTS + len(range(0, ALERTS, 3)) * (revision - 1) + 4 * (revision - 1),)
    assert keys_of(old).tokens.current.id not in last.dump()


async def test_a_row_that_is_locked_is_left_for_the_next_pass(
    old: Archive, new: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PAUSE_S", 0.05)
    with old.connect() as connection:
        connection.execute("SELECT FROM alerts ORDER BY alert_id LIMIT 3 FOR UPDATE")
        rotating = asyncio.create_task(rotated(new))
        await asyncio.to_thread(until, lambda: stale(new) == 3, "only the locked rows are left")
        assert not rotating.done()
    assert (await rotating)["alerts"] == ALERTS


def stale(archive: Archive) -> int:
    with archive.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM alerts WHERE token_key <> %s", (archive.tokens.key_id,)
        ).fetchone()
    return 0 if row is None else int(row[0])


@pytest.mark.parametrize("point", ["written:1", "written:9", "committed:1", "committed:9", "committed:23"])
def test_killed_in_the_middle_it_goes_on(old: Archive, new: Archive, point: str) -> None:
    before = old.alerts()
    assert lakay(new, "tests.db.killed_rotation", ROTATION_KILL_AT=point).returncode == -signal.SIGKILL
    assert new.alerts() == before
    done = lakay(new)
    assert (done.returncode, done.stderr) == (0, "")
    after = only_new(old)
    assert after.alerts() == before
    assert keys_of(old).encryption.current.id not in after.dump()


def test_the_operator_reads_what_was_done_and_the_trail_keeps_it(old: Archive, new: Archive) -> None:
    done = lakay(new)
    ids = [key.id for key in (keys_of(new).tokens.current, keys_of(new).encryption.current)]
    assert done.returncode == 0
    *rows, told = done.stdout.splitlines()
    assert "made 120 rows of alerts again" in rows
    assert all(key_id in told for key_id in ids)
    assert "PII_TOKEN_SECRET_PREVIOUS and PII_ENCRYPTION_KEY_PREVIOUS may be removed" in told
    assert "made 0 rows of alerts again" in lakay(new).stdout, "again, it finds nothing to do"
    with new.connect() as connection:
        rows_of_trail = connection.execute("SELECT entry FROM audit_trail ORDER BY seq").fetchall()
    entries = [json.loads(entry) for (entry,) in rows_of_trail if '"action":"pii' in entry]
    assert [entry["action"] for entry in entries] == ["pii_rotation_started", "pii_rotated"]
    assert entries[1]["details"]["to"] == {"token_key": ids[0], "encryption_key": ids[1]}
    assert entries[1]["details"]["rows"]["alerts"] == ALERTS
    assert not [secret for secret in (*OLD.values(), *NEW.values()) if secret.get_secret_value() in json.dumps(entries)]


@pytest.mark.parametrize("variable", ["pii_token_secret", "pii_encryption_key"])
def test_a_row_under_a_key_that_is_not_held_is_one_sentence_and_changes_nothing(
    old: Archive, new: Archive, variable: str
) -> None:
    before = old.dump()
    other = {f"{variable}_previous": SecretStr("another")}
    refused = lakay(Archive(new.settings.model_copy(update=other)))
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert f"neither {variable.upper()} nor {variable.upper()}_PREVIOUS" in refused.stderr
    assert old.dump() == before


async def test_a_row_that_was_changed_by_hand_is_named(old: Archive, new: Archive) -> None:
    with old.connect() as connection:
        connection.execute(
            "UPDATE alerts SET sealed = '\\x00' WHERE alert_id = (SELECT max(alert_id::text)::uuid FROM alerts)"
        )
    with pytest.raises(PiiError, match=r"alerts/[0-9a-f-]{36} does not open"):
        await rotated(new)


async def test_an_archive_that_still_writes_under_the_old_key_is_told(
    old: Archive, new: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PAUSE_S", 0.01)
    monkeypatch.setattr(rotation, "PASSES", 3)
    revisions = iter(range(2, 1_000))

    def write_on(*_: Any) -> None:
        old.write(old.alert(0, next(revisions)))

    async with Database(new.settings, application="tests") as database:
        with pytest.raises(PiiError, match="start every `lakay archive` and `lakay api` again with the new keys"):
            await rotate(database, keys_of(new), actor="tests", tell=write_on)
    assert stale(new) == 1


async def test_a_report_is_sealed_again_and_says_what_it_said(old: Archive, new: Archive) -> None:
    async with Database(old.settings, application="tests") as database:
        made = await Reports(old.settings, database).generate_audit(date(2026, 2, 1), date(2026, 2, 28), actor="tests")
    assert (await rotated(new))["reports"] == 1
    settings = only_new(old).settings
    async with Database(settings, application="tests") as database:
        assert await Reports(settings, database).get_report(made.report_id, actor="tests") == made


async def test_the_trail_is_whole_after_it(old: Archive, new: Archive) -> None:
    await rotated(new)
    async with Database(new.settings, application="tests") as database, database.connection() as connection:
        assert (await audit.verify(connection)).problems == ()
