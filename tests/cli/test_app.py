"""The command line: help to act on, one sentence for an error, exit codes for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ["worker", "demo", "simulate", "evaluate"]
COMMANDS += ["topics create", "topics grow", "settings check", "contracts validate"]
COMMANDS += ["archive", "db init", "db upgrade", "db downgrade", "db status", "db retention", "audit verify"]
COMMANDS += ["audit show", "pii rotate", "api"]
COMMANDS += [f"report {each}" for each in ("ctr", "sar", "summary", "audit", "list", "show", "deadlines", "filed")]
COMMANDS += ["report declined"]
EVENT = {
    "event_id": "0f0e0d0c-0b0a-4908-8706-050403020100",
    "event_type": "user-action-performed",
    "event_version": "1.0",
    "timestamp": "2026-02-27T14:30:00Z",
    "source_service": "user-service",
    "payload": {"user_id": "u-1", "action": "view_balance"},
}


def lakay(command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `lakay command` as a user would, in a folder without `.env` unless the test wrote one."""
    return subprocess.run(
        [sys.executable, "-m", "lakay_streams.cli", *command.split()],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_its_exit_codes(command: str, tmp_path: Path) -> None:
    done = lakay(f"{command} --help", tmp_path)
    assert done.returncode == 0
    assert "Exit codes: 0 " in done.stdout


def test_help_lists_every_command(tmp_path: Path) -> None:
    listed = lakay("--help", tmp_path).stdout
    assert all(command.split()[0] in listed for command in COMMANDS)


def test_help_imports_no_more_than_the_command_line_itself(tmp_path: Path) -> None:
    heavy = "{'faust', 'pydantic', 'aiokafka', 'lakay_streams.settings'}"
    code = f"import sys, lakay_streams.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert lakay("worker --prot 1", tmp_path).returncode == 2
    assert lakay("contracts validate missing.json", tmp_path).returncode == 2


def test_settings_check_prints_values_with_their_source_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FRAUD_HIGH_THRESHOLD=0.65\nPII_TOKEN_SECRET=hunter2\n")
    done = lakay("settings check", tmp_path)
    assert done.returncode == 0
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    assert [row[2:4] for row in rows if row[1:2] == ["FRAUD_HIGH_THRESHOLD"]] == [["0.65", ".env"]]
    assert "hunter2" not in done.stdout + done.stderr


def test_settings_check_as_json_is_for_scripts(tmp_path: Path) -> None:
    printed = json.loads(lakay("settings check --json", tmp_path, WORKER_PORT="7000").stdout)
    (row,) = [row for row in printed["settings"] if row["variable"] == "WORKER_PORT"]
    assert (row["value"], row["source"]) == ("7000", "environment")
    assert len(printed["version"]) == 12


def test_refused_settings_are_one_line_each_without_a_traceback(tmp_path: Path) -> None:
    for command in ("settings check", "topics create", "worker"):
        done = lakay(command, tmp_path, FRAUD_HIGH_THRESHOLD="2", COMPLIANCE_CTR_THRESHOLD="20000")
        assert done.returncode == 1
        first, second = done.stderr.splitlines()
        assert "FRAUD_HIGH_THRESHOLD=2" in first
        assert "COMPLIANCE_CTR_THRESHOLD=20000" in second
        assert done.stdout == ""


def test_settings_check_points_out_a_misspelt_variable(tmp_path: Path) -> None:
    done = lakay("settings check", tmp_path, FRAUD_HIHG_THRESHOLD="0.7")
    assert "did you mean FRAUD_HIGH_THRESHOLD?" in done.stderr


def test_without_a_kafka_topics_create_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = lakay("topics create", tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", LOG_LEVEL="ERROR")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("No Kafka answers at 127.0.0.1:1: ")
    assert "Traceback" not in done.stderr


def test_valid_events_pass(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(f"{json.dumps(EVENT)}\n{json.dumps(EVENT)}\n")
    done = lakay("contracts validate events.jsonl", tmp_path)
    assert (done.returncode, done.stdout) == (0, "2 valid, 0 not\n")


def test_invalid_and_unknown_events_are_named_by_line_and_reason(tmp_path: Path) -> None:
    broken = EVENT | {"payload": {"action": "view_balance"}}
    unknown = EVENT | {"event_type": "user-levitated"}
    (tmp_path / "events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in (EVENT, broken, unknown)))
    done = lakay("contracts validate events.jsonl", tmp_path)
    assert done.returncode == 1
    second, third, total = done.stdout.splitlines()
    assert second.startswith("events.jsonl:2: ")
    assert "user_id" in second
    assert third == "events.jsonl:3: nobody handles events of type user-levitated"
    assert total == "1 valid, 2 not"


def test_simulated_traffic_in_a_file_is_valid(tmp_path: Path) -> None:
    done = lakay("simulate --events 2000 --users 50 --out events.jsonl", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "events.labels.jsonl").exists()
    assert lakay("contracts validate events.jsonl", tmp_path).stdout == "2000 valid, 0 not\n"


def test_simulating_into_a_kafka_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    done = lakay("simulate --events 10", tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 1
    assert "no Kafka answers at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_evaluation_prints_recall_and_precision(tmp_path: Path) -> None:
    done = lakay("evaluate --events 30000 --users 200", tmp_path)
    assert done.returncode == 0
    assert "recall of the fraud kind 100.0%" in done.stdout
    assert "recall 100.0% (target 90%)" in done.stdout
    assert "sim_swap" in done.stdout


def test_a_missed_fraud_is_a_failed_evaluation(tmp_path: Path) -> None:
    blind = {"FRAUD_HIGH_THRESHOLD": "0.99", "FRAUD_CRITICAL_THRESHOLD": "1.0"}
    assert lakay("evaluate --events 30000 --users 200", tmp_path, **blind).returncode == 1


@pytest.mark.parametrize(
    "command",
    [
        "profile reset somebody",
        "compliance cleared an-alert --user somebody --why explained",
        "rates confirm USD/HTG 131.25",
    ],
)
def test_a_decision_that_no_kafka_takes_is_one_sentence(command: str, tmp_path: Path) -> None:
    done = lakay(command, tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert done.returncode == 1
    assert "Kafka at 127.0.0.1:1 did not take the decision" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("rates confirm usd-htg 131", "usd-htg is no pair of currencies: write BASE/QUOTE"),
        ("rates confirm USD/HTG 1e3", "The rate 1e3 must be a plain decimal"),
        ("rates confirm USD/HTG 0", "The rate 0 must be more than 0"),
    ],
)
def test_a_rate_that_is_none_is_refused_with_what_to_do(command: str, why: str, tmp_path: Path) -> None:
    done = lakay(command, tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (done.returncode, why in done.stderr) == (1, True)
