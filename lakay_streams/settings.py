"""Every setting of the runbook (section 2.3, section 6.4, appendix D), validated before anything starts.

    settings = load_settings()          # the process environment wins over `.env`, which wins over the defaults
    settings.fraud.high_threshold       # FRAUD_HIGH_THRESHOLD
    settings.kafka_bootstrap_servers    # KAFKA_BOOTSTRAP_SERVERS

An attribute is its variable's name in lower case; the domains' variables have a group each, named by their prefix. A
docstring under an attribute says what it means, with its unit, and `lakay settings check` prints it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.errors import SettingsError

DEVELOPMENT_PII_SECRETS = {
    "PII_TOKEN_SECRET": "lakay-pii-token-secret-dev-only",
    "PII_ENCRYPTION_KEY": "lakay-encryption-key-dev-only",
}
DEFAULT_CONTRACTS_PATH = Path("../trebanx-contracts/schemas")
FEDERAL_CTR_THRESHOLD = Decimal(10_000)
"""US dollars, 31 CFR 1010.311: a report is due above it, and no setting may raise it."""


def _topic(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
        raise ValueError("a Kafka topic's name has 1 to 249 letters, digits, dots, dashes or underscores")
    return name


def _servers(servers: str) -> str:
    for server in servers.split(","):
        if not re.fullmatch(r"\s*(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}\s*", server):
            raise ValueError("brokers are written host:port, separated by commas, as in broker1:9092,broker2:9092")
    return servers.replace(" ", "")


def _url(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        # not urlsplit, whose own errors quote the URL and so its password
        if url.get_secret_value().partition("://")[0] not in schemes:
            raise ValueError(f"the URL must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return url

    return AfterValidator(check)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Usd = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Threshold = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Topic = Annotated[str, AfterValidator(_topic)]
DatabaseUrl = Annotated[SecretStr, _url("postgresql", "postgresql+asyncpg", "postgresql+psycopg")]
RedisUrl = Annotated[SecretStr, _url("redis", "rediss", "unix")]


class Group(BaseSettings):
    """Settings that share a prefix."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",  # `.env` is one file for all groups, and for other programs
        env_ignore_empty=True,  # compose passes an unset variable on as an empty one
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class FraudSettings(Group):
    """Velocity, amounts and alert thresholds of the fraud domain."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_")

    login_count_max: Annotated[int, Field(ge=1, le=63)] = 5
    """Logins in the velocity window (10 minutes) before they are flagged; at most 63, where the count saturates."""
    txn_count_1h_max: Count = 10
    """Transactions in one hour before they are flagged."""
    txn_amount_24h_max: Usd = Decimal("10000.0")
    """US dollars that a user moves in 24 hours before it is flagged."""
    large_txn_min: Usd = Decimal("3000.0")
    """US dollars from which one transaction is large."""
    ctr_single_threshold: Usd = Decimal("8000.0")
    """US dollars of one transaction that warn of a currency transaction report."""
    ctr_daily_threshold: Usd = Decimal("9000.0")
    """US dollars in one business day that warn of a currency transaction report."""
    high_threshold: Threshold = 0.6
    """Composite score from which a transaction is HIGH, and alerted."""
    critical_threshold: Threshold = 0.8
    """Composite score from which a transaction is CRITICAL."""
    alert_kafka_topic: Topic = "lakay.fraud.alerts"
    """Topic of the fraud alerts."""

    @model_validator(mode="after")
    def _critical_above_high(self) -> Self:
        if self.critical_threshold <= self.high_threshold:
            raise ValueError(
                f"FRAUD_CRITICAL_THRESHOLD={self.critical_threshold} must be above "
                f"FRAUD_HIGH_THRESHOLD={self.high_threshold}: raise the first or lower the second"
            )
        return self


class CircleSettings(Group):
    """Weights of the circle health score."""

    model_config = SettingsConfigDict(env_prefix="CIRCLE_")

    contribution_weight: Ratio = 0.35
    """Weight of contribution reliability."""
    membership_weight: Ratio = 0.25
    """Weight of membership stability."""
    financial_weight: Ratio = 0.25
    """Weight of financial progress."""
    trust_weight: Ratio = 0.15
    """Weight of trust and integrity."""
    tier_change_topic: Topic = "lakay.circles.tier-changes"
    """Topic of the tier changes."""

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        total = self.contribution_weight + self.membership_weight + self.financial_weight + self.trust_weight
        if abs(total - 1.0) > 1e-6:
            raise ValueError(
                "CIRCLE_CONTRIBUTION_WEIGHT, CIRCLE_MEMBERSHIP_WEIGHT, CIRCLE_FINANCIAL_WEIGHT and "
                f"CIRCLE_TRUST_WEIGHT sum to {total:g}: change them so that they sum to 1.0"
            )
        return self


class BehaviorSettings(Group):
    """Behaviour profiles and account takeover."""

    model_config = SettingsConfigDict(env_prefix="BEHAVIOR_")

    min_sessions_active: Count = 10
    """Sessions before a profile is active."""
    ema_decay_rate: Threshold = 0.15
    """Share of the newest observation in a moving average."""
    staleness_days: Count = 30
    """Days without activity before a profile is stale."""
    temporal_weight: Ratio = 0.15
    """Weight of unusual times."""
    device_weight: Ratio = 0.25
    """Weight of unusual devices."""
    geo_weight: Ratio = 0.25
    """Weight of unusual places; what is left to 1.0 goes to the dimensions without a variable."""
    ato_dedup_window: Count = 86400
    """Seconds in which one account takeover is alerted once."""
    ato_kafka_topic: Topic = "lakay.behavior.ato-alerts"
    """Topic of the account takeover alerts."""

    @model_validator(mode="after")
    def _weights_leave_room(self) -> Self:
        total = self.temporal_weight + self.device_weight + self.geo_weight
        if total > 1.0 + 1e-6:
            raise ValueError(
                "BEHAVIOR_TEMPORAL_WEIGHT, BEHAVIOR_DEVICE_WEIGHT and BEHAVIOR_GEO_WEIGHT sum to "
                f"{total:g}: lower them so that they sum to at most 1.0"
            )
        return self


class ComplianceSettings(Group):
    """BSA/AML monitoring."""

    model_config = SettingsConfigDict(env_prefix="COMPLIANCE_")

    ctr_threshold: Usd = Decimal("10000.0")
    """US dollars above which a currency transaction report is due; never above 10000 (31 CFR 1010.311)."""
    ctr_enabled: bool = True
    """Whether currency transaction reports are monitored."""
    rapid_movement_hours: Count = 24
    """Hours in which money that comes in and leaves again is a rapid movement."""
    rapid_movement_ratio: Threshold = 0.80
    """Share of what came in that must leave to be a rapid movement."""
    volume_multiplier: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 3.0
    """Times the 30-day mean from which a volume is unusual."""
    structuring_lookback_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days over which slow structuring is looked for."""
    sar_confidence: Threshold = 0.70
    """Structuring confidence from which filing a suspicious activity report is recommended."""
    risk_low_max: Ratio = 0.30
    """Customer risk score up to which a customer is low risk."""
    risk_high_max: Ratio = 0.80
    """Customer risk score up to which a customer is high risk; above it, prohibited."""
    alerts_topic: Topic = "lakay.compliance.alerts"
    """Topic of the compliance alerts."""
    edd_triggers_topic: Topic = "lakay.compliance.edd-triggers"
    """Topic of the enhanced due diligence triggers."""

    @model_validator(mode="after")
    def _within_the_law_and_in_order(self) -> Self:
        if self.ctr_threshold > FEDERAL_CTR_THRESHOLD:
            raise ValueError(
                f"COMPLIANCE_CTR_THRESHOLD={self.ctr_threshold} is above the federal {FEDERAL_CTR_THRESHOLD} "
                "US dollars (31 CFR 1010.311): set it to 10000 or less"
            )
        if self.risk_high_max <= self.risk_low_max:
            raise ValueError(
                f"COMPLIANCE_RISK_HIGH_MAX={self.risk_high_max} must be above "
                f"COMPLIANCE_RISK_LOW_MAX={self.risk_low_max}: raise the first or lower the second"
            )
        return self


class ServingSettings(Group):
    """How the rules' and the model's scores become one, and one score a tier (runbook 6.4)."""

    model_config = SettingsConfigDict(env_prefix="SERVING_")

    low_max: Threshold = 0.3
    """Score below which a transaction is low risk."""
    medium_max: Threshold | None = None
    """Score below which it is medium risk; FRAUD_HIGH_THRESHOLD unless set, and never another value."""
    high_max: Threshold | None = None
    """Score below which it is high risk; FRAUD_CRITICAL_THRESHOLD unless set, and never another value."""
    strategy: Literal["weighted_average", "max"] = "weighted_average"
    """How the two scores combine: their weighted average, or the larger."""
    rule_weight: Ratio = 0.6
    """Weight of the rules' score."""
    ml_weight: Ratio = 0.4
    """Weight of the model's score; the average divides by the sum of both weights."""
    ml_enabled: bool = True
    """Whether a model takes part in the score."""

    @model_validator(mode="after")
    def _something_is_weighed(self) -> Self:
        if self.rule_weight + self.ml_weight == 0:
            raise ValueError("SERVING_RULE_WEIGHT and SERVING_ML_WEIGHT are both 0: raise at least one of them")
        return self


class Settings(Group):
    """The core settings, and one group per domain. Made by `load_settings`."""

    GROUPS: ClassVar[Mapping[str, type[Group]]] = {
        "fraud": FraudSettings,
        "circle": CircleSettings,
        "behavior": BehaviorSettings,
        "compliance": ComplianceSettings,
        "serving": ServingSettings,
    }

    app_name: str = "lakay-intelligence"
    """The service's name in logs and on /health."""
    app_version: str = "0.1.0"
    """The version on /health."""
    debug: bool = True
    """Development: any origin may call the API, and the development PII secrets are accepted."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"
    """The lowest level that is logged."""
    host: str = "0.0.0.0"  # noqa: S104 - the runbook's default, for a container
    """Address the API listens on."""
    port: Port = 8000
    """Port the API listens on."""

    database_url: DatabaseUrl = SecretStr("postgresql+asyncpg://lakay:lakay_dev@localhost:5432/lakay")
    """PostgreSQL."""
    kafka_bootstrap_servers: Annotated[str, AfterValidator(_servers)] = "localhost:9092"
    """Kafka's brokers, host:port separated by commas."""
    kafka_consumer_group: Annotated[str, Field(min_length=1)] = "lakay-intelligence"
    """The workers' consumer group, exactly as Kafka shows it."""
    kafka_auto_offset_reset: Literal["earliest", "latest"] = "earliest"
    """Where to start without a committed offset."""
    kafka_session_timeout_s: Annotated[float, Field(ge=1, le=300)] = 15.0
    """Seconds without a heartbeat after which another worker takes over."""
    redis_url: RedisUrl = SecretStr("redis://localhost:6379/0")
    """Redis, for the API's rate limits."""

    datalake_endpoint: str = "http://localhost:9000"
    """S3-compatible endpoint of the data lake."""
    datalake_access_key: SecretStr = SecretStr("minioadmin")
    """S3 access key."""
    datalake_secret_key: SecretStr = SecretStr("minioadmin")
    """S3 secret key."""
    datalake_bucket: str = "lakay-data-lake"
    """Bucket of the bronze, silver and gold data."""

    pii_token_secret: SecretStr = SecretStr(DEVELOPMENT_PII_SECRETS["PII_TOKEN_SECRET"])
    """HMAC secret of the PII tokens: 64 random hex characters."""
    pii_encryption_key: SecretStr = SecretStr(DEVELOPMENT_PII_SECRETS["PII_ENCRYPTION_KEY"])
    """Key that encrypts PII at rest: 32 random bytes in base64."""

    contracts_path: Path | None = None
    """Folder of trebanx-contracts' schemas; ../trebanx-contracts/schemas if it is there, else the packaged ones."""

    mlflow_tracking_uri: SecretStr | None = None
    """MLflow; the embedded one unless set. Secret, since its URL may hold a password."""
    aws_access_key_id: SecretStr = SecretStr("minioadmin")
    """S3 access key of MLflow's artifacts."""
    aws_secret_access_key: SecretStr = SecretStr("minioadmin")
    """S3 secret key of MLflow's artifacts."""
    mlflow_s3_endpoint_url: str = "http://minio:9000"
    """S3 endpoint of MLflow's artifacts."""

    lakay_data_dir: Path = Path(".lakay")
    """Folder of a worker's state on disk; lost, it is rebuilt from Kafka."""
    worker_host: str = "127.0.0.1"
    """Address the worker's pages listen on."""
    worker_port: Port = 6066
    """Port the worker's pages listen on."""
    worker_token: SecretStr | None = None
    """Bearer token for /tables; without one, /tables answers on loopback only."""
    checkpoint_interval_ms: Annotated[int, Field(ge=1, le=60_000)] = 100
    """Milliseconds between checkpoints, and so the longest that an alert waits to be committed."""
    checkpoint_max_records: Count = 20_000
    """Records after which a checkpoint is taken earlier."""
    state_cache_bytes: Annotated[int, Field(ge=1 << 20)] = 256 << 20
    """Bytes of state that a worker keeps in memory beside RocksDB's own."""
    topic_partitions: Count = 3
    """Partitions of the topics that `lakay topics create` makes."""
    topic_replication_factor: Count = 1
    """Copies of them; 3 in production."""
    log_scored_per_second: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    """Log lines a second for scored LOW and MEDIUM transactions; HIGH and CRITICAL are always logged."""

    fraud: FraudSettings = Field(default_factory=FraudSettings)
    """FRAUD_ variables."""
    circle: CircleSettings = Field(default_factory=CircleSettings)
    """CIRCLE_ variables."""
    behavior: BehaviorSettings = Field(default_factory=BehaviorSettings)
    """BEHAVIOR_ variables."""
    compliance: ComplianceSettings = Field(default_factory=ComplianceSettings)
    """COMPLIANCE_ variables."""
    serving: ServingSettings = Field(default_factory=ServingSettings)
    """SERVING_ variables."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._pii_problems(), *self._contracts_problems(), *self._tier_problems()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _pii_problems(self) -> Iterator[str]:
        secrets = {"PII_TOKEN_SECRET": self.pii_token_secret, "PII_ENCRYPTION_KEY": self.pii_encryption_key}
        for variable, secret in secrets.items():
            if not self.debug and secret.get_secret_value() == DEVELOPMENT_PII_SECRETS[variable]:
                yield f"{variable} is the development one, which DEBUG=false refuses: set a random secret of your own"

    def _contracts_problems(self) -> Iterator[str]:
        if self.contracts_path is not None and not self.contracts_path.is_dir():
            yield (
                f"CONTRACTS_PATH={self.contracts_path} is not a folder: mount the schemas there, or remove the "
                "variable to use the packaged ones"
            )

    def _tier_problems(self) -> Iterator[str]:
        fraud, serving = self.fraud, self.serving
        pairs = (
            ("SERVING_MEDIUM_MAX", serving.medium_max, "FRAUD_HIGH_THRESHOLD", fraud.high_threshold),
            ("SERVING_HIGH_MAX", serving.high_max, "FRAUD_CRITICAL_THRESHOLD", fraud.critical_threshold),
        )
        for theirs, value, ours, threshold in pairs:
            if value is not None and value != threshold:
                yield f"{theirs}={value} contradicts {ours}={threshold}: remove {theirs}, or give both one value"
        if serving.low_max >= fraud.high_threshold:
            yield (
                f"SERVING_LOW_MAX={serving.low_max} must be below FRAUD_HIGH_THRESHOLD={fraud.high_threshold}: "
                "lower the first or raise the second"
            )

    @property
    def brokers(self) -> list[str]:
        """Kafka's brokers, each host:port."""
        return self.kafka_bootstrap_servers.split(",")

    @property
    def archive_consumer_group(self) -> str:
        """The consumer group of the archive."""
        return f"{self.kafka_consumer_group}-archive"

    @property
    def faust_log_level(self) -> str:
        """`log_level` in Faust's words, where WARNING is `warn`."""
        return "warn" if self.log_level == "WARNING" else self.log_level.lower()

    def fraud_limits(self) -> FraudLimits:
        """The limits of the fraud rules: amounts in US cents, what has no variable at its default."""
        fraud = self.fraud
        return FraudLimits(
            login_count_max=fraud.login_count_max,
            txn_count_1h_max=fraud.txn_count_1h_max,
            txn_amount_24h_max_minor=int(fraud.txn_amount_24h_max * 100),
            large_txn_min_minor=int(fraud.large_txn_min * 100),
            ctr_single_threshold_minor=int(fraud.ctr_single_threshold * 100),
            ctr_daily_threshold_minor=int(fraud.ctr_daily_threshold * 100),
            high_threshold=fraud.high_threshold,
            critical_threshold=fraud.critical_threshold,
            medium_threshold=self.serving.low_max,
        )

    @property
    def version(self) -> str:
        """Twelve hex digits that change when, and only when, a setting that decisions depend on changes.

        Every alert carries it. Names of topics are no part of it, and 10000.0 is 10000.
        """
        decisive: dict[str, dict[str, object]] = {
            group: {field: _canonical(value) for field, value in getattr(self, group) if not field.endswith("_topic")}
            for group in self.GROUPS
        }
        decisive["serving"] |= {
            "medium_max": self.fraud.high_threshold,
            "high_max": self.fraud.critical_threshold,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def _canonical(value: object) -> object:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


class Setting(NamedTuple):
    """One row of `lakay settings check`; `value` is safe to print."""

    variable: str
    value: str
    source: str
    meaning: str


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read and validate every setting; the process environment wins over `env_file`.

    Raises `SettingsError` with one line per problem, each naming its variable and what to do, none showing a secret.
    """
    try:
        groups: dict[str, Any] = dict(_default_contracts(env_file))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsError(f"{env_file} cannot be read ({unreadable}): make it a UTF-8 text file") from None
    problems: list[str] = []
    for name, group in Settings.GROUPS.items():
        try:
            groups[name] = group(_env_file=env_file)
        except ValidationError as invalid:
            problems += _problems(group, invalid, env_file)
            groups[name] = group.model_construct()
    try:
        settings = Settings(_env_file=env_file, **groups)
    except ValidationError as invalid:
        problems += _problems(Settings, invalid, env_file)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def explain(settings: Settings, env_file: Path | None = Path(".env")) -> list[Setting]:
    """Every variable with its value in force (secrets masked), where it comes from, and what it means."""
    rows = []
    for group in (settings, *(getattr(settings, name) for name in Settings.GROUPS)):
        for name, field in type(group).model_fields.items():
            if name not in Settings.GROUPS:
                variable = _variable(type(group), name)
                value = _shown(getattr(group, name))
                rows.append(Setting(variable, value, _source(variable, env_file), field.description or ""))
    return rows


def unknown_variables(env_file: Path | None = Path(".env")) -> dict[str, str]:
    """Variables with a domain's prefix that no setting has, with the nearest one that exists ("" if none is near).

    They change nothing, which their author did not mean.
    """
    known = [_variable(group, name) for group in Settings.GROUPS.values() for name in group.model_fields]
    prefixes = tuple(str(group.model_config.get("env_prefix")) for group in Settings.GROUPS.values())
    given = [name.upper() for name in (*os.environ, *_file_values(env_file))]
    unknown = (name for name in given if name.startswith(prefixes) and name not in known)
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in unknown}


def _variable(group: type[BaseModel], field: str) -> str:
    return f"{group.model_config.get('env_prefix') or ''}{field}".upper()


def _file_values(env_file: Path | None) -> dict[str, str | None]:
    return dict(dotenv_values(env_file)) if env_file else {}


def _source(variable: str, env_file: Path | None) -> str:
    if any(name.upper() == variable and value for name, value in os.environ.items()):
        return "environment"
    if any(name.upper() == variable and value for name, value in _file_values(env_file).items()):
        return str(env_file)
    return "default"


def _default_contracts(env_file: Path | None) -> dict[str, Path]:
    """The default folder counts only when it is there; an explicit one must be."""
    if _source("CONTRACTS_PATH", env_file) == "default" and DEFAULT_CONTRACTS_PATH.is_dir():
        return {"contracts_path": DEFAULT_CONTRACTS_PATH}
    return {}


def _problems(group: type[Group], invalid: ValidationError, env_file: Path | None) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_context=False):
        message = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:
            yield from message.splitlines()
            continue
        field = str(error["loc"][0])
        variable = _variable(group, field)
        value = "" if _is_secret(group, field) else f"={error['input']}"
        source = _source(variable, env_file).replace("environment", "the environment")
        yield f"{variable}{value} is refused ({_lower(message)}): correct it in {source}"


def _is_secret(group: type[Group], field: str) -> bool:
    return "SecretStr" in str(group.model_fields[field].annotation)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _shown(value: object) -> str:
    """The value as it may be printed: a secret masked, and in a URL the password only."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else "-" if value is None else str(value)
    scheme, separator, rest = text.partition("://")
    if not separator:
        return str(value) if value is not None else text
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{colon and ':**********'}{at}{place.partition('?')[0]}"
