"""`lakay db` and `lakay audit` as an operator types them: one sentence for what is wrong, exit codes for scripts."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from lakay_streams.db.retention import latest_cutoff
from lakay_streams.db.url import connection_parameters
from lakay_streams.settings import Settings
from tests.db.revisions import BEFORE, NEWEST
from tests.db.rows import alert

LATEST = latest_cutoff(datetime.now(UTC).date())
OLD = "now() - interval '6 years'"


class Operator:
    """Types `lakay ...`, with DATABASE_URL naming one database."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Work in `folder`."""
        self.settings = settings
        self._folder = folder

    def types(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lakay_streams.cli", *command.split()],
            cwd=self._folder,
            env=os.environ | {"DATABASE_URL": self.settings.database_url.get_secret_value()} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def sees(self, command: str) -> str:
        """Type a command that must succeed, and return what it prints."""
        done = self.types(command)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def runs(self, statement: str, parameters: dict[str, str] | None = None) -> None:
        """Change the database directly."""
        found = connection_parameters(self.settings.database_url, "tests")
        with psycopg.connect(**found, autocommit=True) as connection:
            connection.execute(statement, parameters)


@pytest.fixture
def operator(fresh: Settings, tmp_path: Path) -> Operator:
    """An operator with an empty database."""
    return Operator(fresh, tmp_path)


def test_from_an_empty_database_up_and_down(operator: Operator) -> None:
    empty = operator.types("db status")
    assert (empty.returncode, empty.stdout.splitlines()[0]) == (1, f"revision base, needed {NEWEST}")
    refused = operator.types("audit verify")
    assert (refused.returncode, refused.stderr.splitlines()) == (
        1,
        ["The database is empty: run `lakay db init`, or start `lakay archive`, which does it."],
    )
    assert operator.sees("db init") == f"The database is at revision {NEWEST}.\n"
    assert operator.sees("db init") == f"The database is at revision {NEWEST}.\n"
    assert operator.sees("db status") == f"revision {NEWEST}, needed {NEWEST}\n"
    assert operator.sees("db downgrade -1") == f"The database went from revision {NEWEST} to {BEFORE}.\n"
    assert operator.sees("db upgrade") == f"The database went from revision {BEFORE} to {NEWEST}.\n"


def test_retention_counts_then_deletes_and_is_in_the_trail(operator: Operator) -> None:
    operator.sees("db init")
    for written in (OLD, OLD, "now()"):
        operator.runs(*alert(revised_at=written))
    assert f"would delete 2 of alerts from before {LATEST}" in operator.sees("db retention")
    assert f"would delete 2 of alerts from before {LATEST}" in operator.sees("db retention")
    assert f"deleted 2 of alerts from before {LATEST}" in operator.sees("db retention --delete")
    (entry,) = operator.sees("audit show").splitlines()
    assert json.loads(entry)["details"]["rows"]["alerts"] == 2
    refused = operator.types(f"db retention --delete --before {LATEST + timedelta(days=1)}")
    assert refused.returncode == 1
    assert f"give {LATEST} or an earlier day" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_verify_says_what_is_wrong_and_by_its_exit_code_that_it_is(operator: Operator) -> None:
    operator.sees("db init")
    for _ in range(3):
        operator.sees("db retention --delete")
    told = operator.sees("audit verify")
    assert told.startswith("3 rows, whole, head 3:")
    head = told.split()[-1]
    operator.runs("ALTER TABLE audit_trail DISABLE TRIGGER USER")
    operator.runs("DELETE FROM audit_trail WHERE seq = 2")
    broken = operator.types("audit verify")
    assert broken.returncode == 1
    assert broken.stdout.splitlines() == ["Row 2 is missing.", f"2 rows, NOT WHOLE, head {head}"]
    operator.runs("DELETE FROM audit_trail; UPDATE audit_head SET seq = 0, hash = ''")
    assert operator.types("audit verify").returncode == 0
    assert operator.types(f"audit verify --expect {head}").returncode == 1
    wrong = operator.types("audit verify --expect 3")
    assert wrong.returncode == 2


def test_a_cut_tail_is_found_by_the_head_that_was_signed(operator: Operator, tmp_path: Path) -> None:
    operator.sees("db init")
    for _ in range(3):
        operator.sees("db retention --delete")
    (tmp_path / ".lakay" / "archive").mkdir(parents=True)
    assert "No signed head is in .lakay/archive/audit-heads" in operator.types("audit verify").stderr
    assert operator.sees("audit sign").startswith("head 3:")
    assert operator.sees("audit verify").startswith("3 rows, whole")
    operator.runs("ALTER TABLE audit_trail DISABLE TRIGGER USER")
    operator.runs("DELETE FROM audit_trail WHERE seq = 3")
    operator.runs("UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_trail WHERE seq = 2)")
    operator.runs("ALTER TABLE audit_trail ENABLE TRIGGER USER")
    cut = operator.types("audit verify")
    assert (cut.returncode, cut.stdout.splitlines()[0][:32]) == (1, "Row 3 is missing at the end: the")
    refused = operator.types("audit sign")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "The audit trail was cut or rewritten" in refused.stderr
    assert "head 3:" in operator.types("audit sign --after-restore backup").stdout
    assert operator.sees("audit verify").startswith("3 rows, whole")


def test_a_server_that_is_away_is_one_sentence(operator: Operator) -> None:
    for command in ("db init", "db status", "db retention", "audit verify"):
        done = operator.types(command, DATABASE_URL="postgresql+asyncpg://lakay:hush-hush@127.0.0.1:1/lakay")
        assert done.returncode == 1
        assert "start it, or correct DATABASE_URL" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "hush-hush" not in done.stderr


def test_without_the_extra_the_error_says_what_to_install(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ModuleNotFoundError('no', name='psycopg')")
    done = operator.types("db status", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (
        1,
        "psycopg is not installed, which everything about the database needs: "
        "pip install 'lakay-intelligence[archive]'.\n",
    )


def test_what_was_archived_before_there_were_digests_is_counted_as_not_checked(operator: Operator) -> None:
    operator.sees("db upgrade 0002")
    for _ in range(3):
        operator.runs(*alert(revised_at="now()"))
    operator.sees("db upgrade")
    told = operator.sees("audit verify").splitlines()
    assert told[0] == "3 revisions of alerts are from before the trail had digests: not checked."
    assert "1 rows, whole, head 1:" in told[1]


def test_a_malformed_entry_is_one_sentence(operator: Operator) -> None:
    operator.sees("db init")
    entry = '{"action":"alerts_archived","previous":"","seq":1}'
    operator.runs(
        "INSERT INTO audit_trail (seq, entry, hash) VALUES (1, %(entry)s, %(hash)s)",
        {"entry": entry, "hash": hashlib.sha256(entry.encode()).hexdigest()},
    )
    found = operator.types("audit verify")
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines() == [
        "Row 1 is malformed: it does not say when who did what.",
        "Row 1 is malformed: it does not tell what alerts_archived has to tell.",
        f"1 rows, NOT WHOLE, head 1:{hashlib.sha256(entry.encode()).hexdigest()}",
    ]
