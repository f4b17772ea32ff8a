"""Secrets: production refuses what others know or could guess, and nothing that is told quotes one."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from lakay_streams.db.url import connection_parameters
from lakay_streams.errors import SettingsError
from lakay_streams.settings import explain, load_settings, warnings
from lakay_streams.settings.secrets import token_map
from tests.settings.production import PRODUCTION, SECRETS, TEMPLATE, filled_in

ROOT = Path(__file__).parents[2]

STRONG_TOKEN = bytes(range(100, 116)).hex()


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for row in explain(load_settings()):
        monkeypatch.delenv(row.variable, raising=False)


def give(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def refusal(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> str:
    give(monkeypatch, variables)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


def test_production_starts_with_secrets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, PRODUCTION | {"API_TOKEN": STRONG_TOKEN, "WORKER_TOKEN": STRONG_TOKEN})
    assert load_settings().debug is False
    monkeypatch.setenv("PII_TOKEN_SECRET_PREVIOUS", "lakay-pii-token-secret-dev-only")
    assert load_settings().debug is False, "what development made can be read until it is rotated"


def test_production_refuses_every_development_secret_in_one_sentence_each(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refusal(monkeypatch, {"DEBUG": "false"}).splitlines()
    assert [line.split()[0] for line in lines] == list(SECRETS)
    assert all("is the development one, which DEBUG=false refuses: set " in line for line in lines)
    assert not [known for known in ("dev-only", "lakay_dev", "minioadmin") if known in "".join(lines)]


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize(
    "known", ["postgresql://lakay:lakay%5Fdev@db/lakay", "postgresql://db/lakay?password=lakay_dev"]
)
def test_the_development_password_is_known_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, variable: str, known: str
) -> None:
    assert refusal(monkeypatch, PRODUCTION | {variable: known}).startswith(f"{variable} is the development one")


@pytest.mark.parametrize(
    ("variable", "weak"),
    [
        ("PII_TOKEN_SECRET", "hunter2"),
        ("PII_TOKEN_SECRET", SECRETS["PII_TOKEN_SECRET"][:-1]),
        ("PII_TOKEN_SECRET", "g" * 64),
        ("PII_TOKEN_SECRET", "a" * 64),
        ("PII_TOKEN_SECRET", "0123456789abcdef" * 4),
        ("PII_ENCRYPTION_KEY", "hunter2"),
        ("PII_ENCRYPTION_KEY", SECRETS["PII_ENCRYPTION_KEY"][:-1]),
        ("PII_ENCRYPTION_KEY", "b" * 43 + "="),
        ("API_TOKEN", STRONG_TOKEN[:-1]),
        ("API_TOKEN", "abcabca" * 6),
        ("WORKER_TOKEN", "hunter2"),
        ("AUDIT_SIGNING_KEY", "a" * 64),
    ],
)
def test_production_refuses_what_is_short_or_repeats_itself_and_does_not_tell_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, weak: str
) -> None:
    message = refusal(monkeypatch, PRODUCTION | {variable: weak})
    assert message.startswith(f"{variable} is too weak")
    assert "openssl rand" in message
    assert weak not in message


def test_secrets_as_the_runbook_makes_them_are_never_too_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    for _ in range(50):
        drawn = {
            "PII_TOKEN_SECRET": secrets.token_hex(32),
            "PII_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "API_TOKEN": secrets.token_hex(32),
            "WORKER_TOKEN": secrets.token_urlsafe(24),
        }
        give(monkeypatch, PRODUCTION | drawn)
        load_settings()


def test_each_named_token_is_as_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, PRODUCTION | {"API_TOKENS": f"alice:{STRONG_TOKEN},bob:hunter2"})
    assert message.startswith("The token of bob in API_TOKENS is too weak")
    assert "hunter2" not in message
    give(monkeypatch, {"API_TOKENS": f" alice:{STRONG_TOKEN} , bob:{STRONG_TOKEN[::-1]}:x"})
    assert token_map(load_settings().api_tokens) == {"alice": STRONG_TOKEN, "bob": f"{STRONG_TOKEN[::-1]}:x"}


@pytest.mark.parametrize(
    "wrong", ["hunter2", "alice:", ":hunter2", "a:hunter2,a:other", "a:hunter2,b:hunter2", "a b:hunter2"]
)
def test_named_tokens_that_cannot_be_told_apart_are_refused_and_not_told(
    monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    message = refusal(monkeypatch, {"API_TOKENS": wrong})
    assert message.startswith("API_TOKENS is refused")
    assert "hunter2" not in message


@pytest.mark.parametrize("variable", ["API_TOKEN", "WORKER_TOKEN"])
@pytest.mark.parametrize("token", ["two words", "caf\u00e9", "tab\there"])
def test_a_token_that_no_header_carries_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, token: str) -> None:
    message = refusal(monkeypatch, {variable: token})
    assert message.startswith(f"{variable} is refused")
    assert token not in message


@pytest.mark.parametrize("place", ["environment", "file"])
def test_each_placeholder_of_the_template_is_one_sentence(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    variables = dict(line.split("=", 1) for line in TEMPLATE.strip().splitlines())
    if place == "environment":
        give(monkeypatch, variables)
    else:
        Path(".env").write_text(TEMPLATE)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    lines = str(refused.value).splitlines()
    assert [line.split()[0] for line in lines] == [name for name, value in variables.items() if "<" in value]
    assert {line.partition(" ")[2] for line in lines} == {
        "still has a placeholder of the template (<...>) in it: set the real value"
    }


def test_the_template_with_real_values_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    filled = filled_in(CONTRACTS_PATH=str(tmp_path))
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in filled.items()))
    assert load_settings().brokers == ["127.0.0.1:9092"] * 3


@pytest.mark.parametrize("variable", ["APP_NAME", "API_TOKEN", "LAKAY_DATA_DIR", "DATABASE_URL"])
def test_bytes_that_are_no_text_are_one_sentence(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    message = refusal(monkeypatch, {variable: os.fsdecode(b"postgresql://hunter\xff2")})
    assert message == f"{variable} is no UTF-8 text: correct it in environment"


QUOTED = "hunter2/x"

WRONG_WITH_A_PASSWORD = {
    "WORKER_PUBLIC_URL": f"http://admin:{QUOTED}@worker-1:6066",
    "KAFKA_BOOTSTRAP_SERVERS": f"admin:{QUOTED}@broker:9092",
    "DEBUG": f"broker:9092?password={QUOTED}",
    "DATABASE_URL": f"mysql://admin:{QUOTED}@db/lakay",
    "REDIS_URL": f"admin:{QUOTED}@cache:6379",
    "PORT": f"http://{QUOTED}@host",
    "LOG_LEVEL": f"https://admin:{QUOTED}@host/?password={QUOTED}",
    "KAFKA_AUTO_OFFSET_RESET": f"a://b://c:{QUOTED}@d",
    "COMPLIANCE_HIGH_RISK_COUNTRIES": f"https://admin:{QUOTED}@host",
    "CONTRACTS_PATH": f"https://admin:{QUOTED}@host",
    "WORKER_TOKEN": f"{QUOTED} and more",
    "API_TOKENS": f"admin:{QUOTED} and more",
}


WRONG_ADDRESSES = [
    ("KAFKA_BOOTSTRAP_SERVERS", "admin:hunter2"),
    ("KAFKA_BOOTSTRAP_SERVERS", "hunter2"),
    ("KAFKA_BOOTSTRAP_SERVERS", "broker:9092,hunter2"),
    ("WORKER_PUBLIC_URL", "worker-1/hunter2"),
    ("WORKER_PUBLIC_URL", "http://worker-1:6066/hunter2 x"),
    ("WORKER_PUBLIC_URL", "http://worker-1:6066/#hunter2"),
    ("DATABASE_OWNER_URL", "hunter2"),
    ("REDIS_URL", "hunter2"),
    # An address in another one's place.
    ("TOPIC_PARTITIONS", "admin:hunter2"),
    ("LOG_LEVEL", "broker/?password=hunter2"),
]


@pytest.mark.parametrize(("variable", "value"), WRONG_ADDRESSES)
def test_a_refused_address_is_not_quoted(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    message = refusal(monkeypatch, {variable: value})
    assert message.startswith(variable)
    assert "hunter2" not in message
    assert "\n" not in message


@pytest.mark.parametrize(("variable", "value"), WRONG_WITH_A_PASSWORD.items(), ids=WRONG_WITH_A_PASSWORD)
def test_no_refusal_quotes_a_password(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    message = refusal(monkeypatch, {variable: value})
    assert variable in message
    assert "hunter2" not in message
    assert "\n" not in message


def test_a_key_that_was_given_to_the_wrong_variable_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert STRONG_TOKEN not in refusal(monkeypatch, {"LOG_LEVEL": STRONG_TOKEN})


@pytest.mark.parametrize("variable", ["DATALAKE_ENDPOINT", "MLFLOW_S3_ENDPOINT_URL", "MLFLOW_TRACKING_URI"])
@pytest.mark.parametrize("value", [f"http://admin:{QUOTED}@host", f"admin:{QUOTED}@host", f"https://{QUOTED}@host"])
def test_the_table_of_settings_shows_no_password(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    (row,) = [row for row in explain(load_settings()) if row.variable == variable]
    assert "hunter2" not in row.value


@pytest.mark.parametrize(
    "password", ["12/hunter2", "12?hunter2", "12/hunter2?x", "hunter2 x", "12#hunter2@x", "hunter2%zz"]
)
def test_a_database_url_that_cannot_be_read_is_not_quoted(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://lakay:{password}@db:5432/lakay")
    told = ""
    try:
        given = connection_parameters(load_settings().database_url, "tests")
        told = str({name: value for name, value in given.items() if name != "password"})
    except SettingsError as refused:
        told = str(refused)
    assert told
    assert "hunter2" not in told


def test_development_secrets_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    (told,) = warnings(load_settings())
    assert all(variable in told for variable in SECRETS)
    give(monkeypatch, SECRETS)
    assert list(warnings(load_settings())) == []


@pytest.mark.parametrize(("mode", "told"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o620, 1)])
def test_an_env_file_of_others_warns(monkeypatch: pytest.MonkeyPatch, mode: int, told: int) -> None:
    give(monkeypatch, SECRETS)
    file = Path(".env")
    file.write_text("LOG_LEVEL=INFO\n")
    file.chmod(mode)
    found = list(warnings(load_settings()))
    assert len(found) == told
    assert all(f"mode {mode:04o}" in each and "chmod 600 .env" in each for each in found)


def lakay(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "lakay_streams.cli", *arguments],
        env=given | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_the_warnings_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_TOKEN=hunter2\n")
    (tmp_path / ".env").chmod(0o644)
    done = lakay("settings", "check")
    assert done.returncode == 0
    assert "warning: development secrets are in force" in done.stderr
    assert "warning: .env can be read or changed by others (mode 0644)" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [["worker"], ["archive"], ["api"], ["db", "status"]])
def test_every_process_refuses_the_template_without_a_traceback(command: list[str]) -> None:
    Path(".env").write_text(TEMPLATE)
    done = lakay(*command)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == TEMPLATE.count("=") - sum("<" not in line for line in TEMPLATE.split())
    assert "Traceback" not in done.stderr
