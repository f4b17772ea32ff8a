"""Settings: the runbook's names and defaults, and a refusal that names the variable and what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.users import UserLimits
from lakay_streams.errors import SettingsError
from lakay_streams.settings import Settings, explain, load_settings, unknown_variables
from lakay_streams.settings.countries import packaged
from lakay_streams.settings.domains import FINCEN_SCHEMAS

RUNBOOK_DEFAULTS = {
    "APP_NAME": "lakay-intelligence",
    "APP_VERSION": "0.1.0",
    "DEBUG": True,
    "LOG_LEVEL": "INFO",
    "HOST": "0.0.0.0",  # noqa: S104 - the runbook's default
    "PORT": 8000,
    "DATABASE_URL": "postgresql+asyncpg://lakay:lakay_dev@localhost:5432/lakay",
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "KAFKA_CONSUMER_GROUP": "lakay-intelligence",
    "KAFKA_AUTO_OFFSET_RESET": "earliest",
    "REDIS_URL": "redis://localhost:6379/0",
    "DATALAKE_ENDPOINT": "http://localhost:9000",
    "DATALAKE_ACCESS_KEY": "minioadmin",
    "DATALAKE_SECRET_KEY": "minioadmin",
    "DATALAKE_BUCKET": "lakay-data-lake",
    "PII_TOKEN_SECRET": "lakay-pii-token-secret-dev-only",
    "PII_ENCRYPTION_KEY": "lakay-encryption-key-dev-only",
    "CONTRACTS_PATH": None,
    "MLFLOW_TRACKING_URI": None,
    "AWS_ACCESS_KEY_ID": "minioadmin",
    "AWS_SECRET_ACCESS_KEY": "minioadmin",
    "MLFLOW_S3_ENDPOINT_URL": "http://minio:9000",
    "FRAUD_LOGIN_COUNT_MAX": 5,
    "FRAUD_TXN_COUNT_1H_MAX": 10,
    "FRAUD_TXN_AMOUNT_24H_MAX": Decimal("10000.0"),
    "FRAUD_LARGE_TXN_MIN": Decimal("3000.0"),
    "FRAUD_CTR_SINGLE_THRESHOLD": Decimal("8000.0"),
    "FRAUD_CTR_DAILY_THRESHOLD": Decimal("9000.0"),
    "FRAUD_HIGH_THRESHOLD": 0.6,
    "FRAUD_CRITICAL_THRESHOLD": 0.8,
    "FRAUD_ALERT_KAFKA_TOPIC": "lakay.fraud.alerts",
    "CIRCLE_CONTRIBUTION_WEIGHT": 0.35,
    "CIRCLE_MEMBERSHIP_WEIGHT": 0.25,
    "CIRCLE_FINANCIAL_WEIGHT": 0.25,
    "CIRCLE_TRUST_WEIGHT": 0.15,
    "CIRCLE_TIER_CHANGE_TOPIC": "lakay.circles.tier-changes",
    "BEHAVIOR_MIN_SESSIONS_ACTIVE": 10,
    "BEHAVIOR_EMA_DECAY_RATE": 0.15,
    "BEHAVIOR_STALENESS_DAYS": 30,
    "BEHAVIOR_TEMPORAL_WEIGHT": 0.15,
    "BEHAVIOR_DEVICE_WEIGHT": 0.25,
    "BEHAVIOR_GEO_WEIGHT": 0.25,
    "BEHAVIOR_ATO_DEDUP_WINDOW": 86400,
    "BEHAVIOR_ATO_KAFKA_TOPIC": "lakay.behavior.ato-alerts",
    "COMPLIANCE_CTR_THRESHOLD": Decimal("10000.0"),
    "COMPLIANCE_CTR_ENABLED": True,
    "COMPLIANCE_RAPID_MOVEMENT_HOURS": 24,
    "COMPLIANCE_RAPID_MOVEMENT_RATIO": 0.80,
    "COMPLIANCE_VOLUME_MULTIPLIER": 3.0,
    "COMPLIANCE_STRUCTURING_LOOKBACK_DAYS": 30,
    "COMPLIANCE_SAR_CONFIDENCE": 0.70,
    "COMPLIANCE_RISK_LOW_MAX": 0.30,
    "COMPLIANCE_RISK_HIGH_MAX": 0.80,
    "COMPLIANCE_ALERTS_TOPIC": "lakay.compliance.alerts",
    "COMPLIANCE_EDD_TRIGGERS_TOPIC": "lakay.compliance.edd-triggers",
    "SERVING_LOW_MAX": 0.3,
    "SERVING_STRATEGY": "weighted_average",
    "SERVING_RULE_WEIGHT": 0.6,
    "SERVING_ML_WEIGHT": 0.4,
    "SERVING_ML_ENABLED": True,
}


def in_force(settings: Settings, variable: str) -> object:
    prefix, _, rest = variable.lower().partition("_")
    value = (
        getattr(getattr(settings, prefix), rest) if prefix in Settings.GROUPS else getattr(settings, variable.lower())
    )
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for row in explain(load_settings()):
        monkeypatch.delenv(row.variable, raising=False)


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.parametrize(("variable", "default"), RUNBOOK_DEFAULTS.items(), ids=RUNBOOK_DEFAULTS)
def test_every_variable_of_the_runbook_has_its_default(variable: str, default: object) -> None:
    assert in_force(load_settings(), variable) == default


@pytest.mark.parametrize("variable", RUNBOOK_DEFAULTS)
def test_the_table_of_settings_shows_every_variable_with_a_meaning(variable: str) -> None:
    (row,) = [row for row in explain(load_settings()) if row.variable == variable]
    assert row.meaning


def test_the_process_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("FRAUD_HIGH_THRESHOLD=0.5\nFRAUD_LOGIN_COUNT_MAX=7\nOTHER_PROGRAM=1\n")
    monkeypatch.setenv("FRAUD_HIGH_THRESHOLD", "0.7")
    settings = load_settings()
    assert (settings.fraud.high_threshold, settings.fraud.login_count_max) == (0.7, 7)
    sources = {row.variable: row.source for row in explain(settings)}
    assert sources["FRAUD_HIGH_THRESHOLD"] == "environment"
    assert sources["FRAUD_LOGIN_COUNT_MAX"] == ".env"
    assert sources["FRAUD_CRITICAL_THRESHOLD"] == "default"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_HIGH_THRESHOLD", "")
    monkeypatch.setenv("CONTRACTS_PATH", "")
    assert load_settings().fraud.high_threshold == 0.6


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FRAUD_HIGH_THRESHOLD", "1.7"),
        ("FRAUD_HIGH_THRESHOLD", "nan"),
        ("FRAUD_HIGH_THRESHOLD", "high"),
        ("FRAUD_CRITICAL_THRESHOLD", "0.6"),
        ("FRAUD_LARGE_TXN_MIN", "-1"),
        ("FRAUD_LARGE_TXN_MIN", "NaN"),
        ("FRAUD_LARGE_TXN_MIN", "10.001"),
        ("FRAUD_TXN_COUNT_1H_MAX", "0"),
        ("FRAUD_ALERT_KAFKA_TOPIC", "fraud alerts"),
        ("CIRCLE_TRUST_WEIGHT", "0.16"),
        ("CIRCLE_WATCH_THRESHOLD", "0.9"),
        ("CIRCLE_AT_RISK_THRESHOLD", "0.8"),
        ("CIRCLE_HEALTHY_THRESHOLD", "0.98"),
        ("CIRCLE_HYSTERESIS_MARGIN", "0.11"),
        ("BEHAVIOR_EMA_DECAY_RATE", "0"),
        ("BEHAVIOR_GEO_WEIGHT", "0.7"),
        ("BEHAVIOR_AMOUNT_WEIGHT", "0.3"),
        ("BEHAVIOR_ACTIVITY_WEIGHT", "0.36"),
        ("BEHAVIOR_STALE_TOLERANCE", "0.9"),
        ("BEHAVIOR_ATO_WINDOW_HOURS", "0"),
        ("BEHAVIOR_ATO_HIGH_THRESHOLD", "0.3"),
        ("BEHAVIOR_ATO_HIGH_THRESHOLD", "0.8"),
        ("COMPLIANCE_CTR_THRESHOLD", "10000.01"),
        ("COMPLIANCE_RAPID_MOVEMENT_RATIO", "1.01"),
        ("COMPLIANCE_CTR_WARNING_THRESHOLD", "10000.01"),
        ("COMPLIANCE_BUSINESS_TIMEZONE", "Mars/Olympus"),
        ("COMPLIANCE_RISK_MEDIUM_MAX", "0.8"),
        ("COMPLIANCE_HIGH_RISK_COUNTRIES", "/nowhere.json"),
        ("COMPLIANCE_VOLUME_MULTIPLIER", "1"),
        ("COMPLIANCE_FINCEN_SCHEMAS", "/nowhere"),
        ("COMPLIANCE_MOVEMENT_RETENTION_DAYS", "92"),
        ("COMPLIANCE_REMITTANCE_RECEIPT", "completed"),
        ("COMPLIANCE_TYPE_SYNONYMS", "hawala=cash"),
        ("COMPLIANCE_FILER_NAME", " Trebanx"),
        ("COMPLIANCE_FILER_EIN", "12-3456789"),
        ("COMPLIANCE_FILER_TCC", "P123"),
        ("COMPLIANCE_FILER_ZIP", "3310"),
        ("COMPLIANCE_RISK_LOW_MAX", "0.9"),
        ("SERVING_STRATEGY", "guess"),
        ("SERVING_LOW_MAX", "0.6"),
        ("SERVING_MEDIUM_MAX", "0.5"),
        ("SERVING_HIGH_MAX", "0.9"),
        ("LOG_LEVEL", "CHATTY"),
        ("PORT", "65536"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker1"),
        ("KAFKA_AUTO_OFFSET_RESET", "none"),
        ("DATABASE_URL", "mysql://localhost/lakay"),
        ("REDIS_URL", "localhost:6379"),
        ("WORKER_PUBLIC_URL", "worker-1:6066"),
        ("CONTRACTS_PATH", "/nowhere/schemas"),
        ("CHECKPOINT_INTERVAL_MS", "0"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    message = refusal(monkeypatch, **{variable: value})
    assert variable in message
    assert "\n" not in message
    assert re.search(r"correct|change|set|raise|lower|remove|mount", message), "it says what to do"


def test_each_problem_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, FRAUD_HIGH_THRESHOLD="x", CIRCLE_TRUST_WEIGHT="0.9", WORKER_PORT="0")
    assert [
        re.findall("FRAUD_HIGH_THRESHOLD|CIRCLE_TRUST_WEIGHT|WORKER_PORT", line) for line in message.splitlines()
    ] == [["FRAUD_HIGH_THRESHOLD"], ["CIRCLE_TRUST_WEIGHT"], ["WORKER_PORT"]]


def test_the_refusal_names_the_file_that_holds_the_wrong_value() -> None:
    Path(".env").write_text("FRAUD_HIGH_THRESHOLD=x\n")
    with pytest.raises(SettingsError, match=r"correct it in \.env"):
        load_settings()


def test_serving_thresholds_follow_the_fraud_ones_and_may_repeat_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_HIGH_THRESHOLD", "0.7")
    followed = load_settings()
    monkeypatch.setenv("SERVING_MEDIUM_MAX", "0.7")
    assert load_settings().version == followed.version


def test_the_default_contracts_folder_is_used_only_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().contracts_path is None
    (tmp_path / "checkout").mkdir()
    (tmp_path / "trebanx-contracts" / "schemas").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "checkout")
    assert load_settings().contracts_path == Path("../trebanx-contracts/schemas")


SECRETS = {
    "DATABASE_URL": "postgresql+asyncpg://lakay:hunter2/@?x@db:5432/lakay?sslpassword=hunter2",
    "REDIS_URL": "rediss://:hunter2@cache:6379/0",
    "DATALAKE_ACCESS_KEY": "hunter2-access",
    "DATALAKE_SECRET_KEY": "hunter2-lake",
    "AWS_ACCESS_KEY_ID": "hunter2-id",
    "AWS_SECRET_ACCESS_KEY": "hunter2-aws",
    "PII_TOKEN_SECRET": "hunter2-token",
    "PII_ENCRYPTION_KEY": "hunter2-key",
    "WORKER_TOKEN": "hunter2-worker",
    "MLFLOW_TRACKING_URI": "https://mlflow:hunter2@mlflow:5000",
}


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SECRETS.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    table = {row.variable: row.value for row in explain(settings)}
    assert not [variable for variable, shown in table.items() if "hunter2" in shown]
    assert table["DATABASE_URL"] == "postgresql+asyncpg://lakay:**********@db:5432/lakay"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("value", ["hunter2", "http://u:hunter2@h", "ftp://u:hunter2@[bad"])
def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    assert "hunter2" not in refusal(monkeypatch, **{variable: value})


@pytest.mark.parametrize(
    ("level", "faust"), [("DEBUG", "debug"), ("info", "info"), ("WARNING", "warn"), ("ERROR", "error")]
)
def test_log_levels_are_told_to_faust_in_its_own_words(monkeypatch: pytest.MonkeyPatch, level: str, faust: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    assert load_settings().faust_log_level == faust


def test_the_version_changes_with_a_decision_and_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings().version
    monkeypatch.setenv("FRAUD_LARGE_TXN_MIN", "3000")
    monkeypatch.setenv("FRAUD_ALERT_KAFKA_TOPIC", "elsewhere")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert load_settings().version == before
    monkeypatch.setenv("FRAUD_LARGE_TXN_MIN", "3000.01")
    assert load_settings().version != before


def test_who_files_with_fincen_decides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = load_settings()
    for name in FINCEN_SCHEMAS.values():
        (tmp_path / name).touch()
    monkeypatch.setenv("COMPLIANCE_FINCEN_SCHEMAS", str(tmp_path))
    monkeypatch.setenv("COMPLIANCE_FILER_NAME", "Trebanx Money Services")
    changed = load_settings()
    assert (changed.filing.fincen_schemas, changed.filing.filer_name) == (tmp_path, "Trebanx Money Services")
    assert changed.version == before.version
    assert unknown_variables() == {}


def test_the_fraud_limits_are_the_settings_in_cents(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().fraud_limits() == FraudLimits()
    monkeypatch.setenv("FRAUD_LARGE_TXN_MIN", "2500.29")
    monkeypatch.setenv("SERVING_LOW_MAX", "0.25")
    assert load_settings().fraud_limits() == replace(FraudLimits(), large_txn_min_minor=2500_29, medium_threshold=0.25)


def test_the_compliance_limits_are_the_settings_in_cents_with_the_list_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = load_settings().compliance_limits()
    assert limits == replace(ComplianceLimits(), countries=packaged().countries)
    monkeypatch.setenv("COMPLIANCE_CTR_THRESHOLD", "9999.99")
    monkeypatch.setenv("COMPLIANCE_BUSINESS_TIMEZONE", "America/Chicago")
    monkeypatch.setenv("COMPLIANCE_RAPID_MOVEMENT_HOURS", "48")
    changed = load_settings().compliance_limits()
    assert (changed.ctr_threshold_minor, changed.zone.hours, changed.rapid_movement_ms) == (999_999, -6, 172_800_000)


def test_what_trebanx_calls_a_deposit_is_one_to_every_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPLIANCE_TYPE_SYNONYMS", "depo=deposit")
    settings = load_settings()
    for limits in (settings.fraud_limits(), settings.behavior_limits(), settings.compliance_limits()):
        assert (limits.synonyms["depo"], limits.synonyms["top_up"]) == ("deposit", "deposit")


def test_another_list_of_countries_is_another_version_and_another_place_of_it_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = load_settings()
    file = tmp_path / "list.json"
    file.write_text(packaged().as_json())
    monkeypatch.setenv("COMPLIANCE_HIGH_RISK_COUNTRIES", str(file))
    assert load_settings().version == before.version
    file.write_text(packaged()._replace(call_for_action={"KP": "DPRK"}).as_json())
    assert load_settings().version != before.version


def test_a_misspelt_variable_is_found_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_HIHG_THRESHOLD", "0.7")
    assert unknown_variables() == {"FRAUD_HIHG_THRESHOLD": "FRAUD_HIGH_THRESHOLD"}


def test_an_unreadable_env_file_is_one_sentence() -> None:
    Path(".env").write_bytes(b"FRAUD_HIGH_THRESHOLD=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        load_settings()


EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_file_shows_every_variable_and_no_other() -> None:
    shown = re.findall(r"^(?:# )?([A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(row.variable for row in explain(load_settings()))


def test_the_example_file_with_everything_uncommented_decides_as_the_defaults_do(tmp_path: Path) -> None:
    defaults = load_settings().version
    uncommented = re.sub(r"^# (?=[A-Z0-9_]+=)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    Path(".env").write_text(uncommented.replace("/contracts", str(tmp_path)))
    assert load_settings().version == defaults


def test_the_behavior_limits_are_the_settings_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().behavior_limits() == BehaviorLimits()
    assert load_settings().user_limits() == UserLimits(FraudLimits(), BehaviorLimits())
    monkeypatch.setenv("BEHAVIOR_STALENESS_DAYS", "21")
    monkeypatch.setenv("BEHAVIOR_ATO_DEDUP_WINDOW", "43200")
    monkeypatch.setenv("BEHAVIOR_EMA_DECAY_RATE", "0.20")
    expected = replace(BehaviorLimits(), staleness_ms=21 * 86_400_000, ato_dedup_ms=43_200_000, ema_decay_rate=0.20)
    assert load_settings().behavior_limits() == expected


def test_the_circle_limits_are_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().circle_limits() == CircleLimits()
    before = load_settings().version
    monkeypatch.setenv("CIRCLE_WATCH_THRESHOLD", "0.7")
    monkeypatch.setenv("CIRCLE_HYSTERESIS_MARGIN", "0")
    assert load_settings().circle_limits() == replace(CircleLimits(), watch_threshold=0.7, hysteresis_margin=0.0)
    assert load_settings().version != before


def test_the_weight_of_amounts_is_what_the_others_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOR_DEVICE_WEIGHT", "0.40")
    assert load_settings().behavior_limits().amount_weight == pytest.approx(0.10)
    monkeypatch.setenv("BEHAVIOR_AMOUNT_WEIGHT", "0.10")
    assert load_settings().behavior_limits().amount_weight == 0.10


@pytest.mark.parametrize(("geo", "amount"), [("0.5", None), ("0.51", None), ("0.25", "0.24"), ("0.5", "0.01")])
def test_the_behavior_weights_sum_to_one_or_all_five_are_named(
    monkeypatch: pytest.MonkeyPatch, geo: str, amount: str | None
) -> None:
    variables = {"BEHAVIOR_GEO_WEIGHT": geo} | ({"BEHAVIOR_AMOUNT_WEIGHT": amount} if amount else {})
    if (geo, amount) == ("0.5", None):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert load_settings().behavior_limits().amount_weight == 0.0
        return
    message = refusal(monkeypatch, **variables)
    assert all(f"BEHAVIOR_{name}_WEIGHT" in message for name in ("TEMPORAL", "DEVICE", "GEO", "AMOUNT", "ACTIVITY"))


def test_circle_weights_that_do_not_sum_to_one_are_refused_with_what_they_sum_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = refusal(monkeypatch, CIRCLE_TRUST_WEIGHT="0.25")
    assert all(f"CIRCLE_{name}_WEIGHT" in message for name in ("CONTRIBUTION", "MEMBERSHIP", "FINANCIAL", "TRUST"))
    assert "sum to 1.1: change them so that they sum to 1.0" in message


def test_an_endpoint_of_the_lake_that_is_given_empty_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DATALAKE_ENDPOINT=\n")
    assert load_settings(file).datalake_endpoint == ""
    monkeypatch.setenv("DATALAKE_ENDPOINT", "https://s3.example")
    assert load_settings(file).datalake_endpoint == "https://s3.example"
    monkeypatch.setenv("DATALAKE_ENDPOINT", "")
    assert load_settings(None).datalake_endpoint == ""
