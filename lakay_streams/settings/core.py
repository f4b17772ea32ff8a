"""The core settings (runbook 2.3) with a group per domain, what is derived from them, and how they must agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from lakay_streams.domain.behavior.limits import DAY_MS, HOUR_MS, MINUTE_MS, BehaviorLimits
from lakay_streams.domain.business_day import ZONES
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.users import UserLimits
from lakay_streams.errors import SettingsError
from lakay_streams.settings import countries, secrets
from lakay_streams.settings.domains import (
    BehaviorSettings,
    CircleSettings,
    ComplianceSettings,
    FilingSettings,
    FraudSettings,
    ServingSettings,
)
from lakay_streams.settings.kinds import (
    Count,
    DatabaseUrl,
    Group,
    LogLevel,
    NamedTokens,
    Port,
    RedisUrl,
    Servers,
    Token,
    WebAddress,
)


class Settings(Group):
    """The core settings, and one group per domain. Made by `load_settings`."""

    GROUPS: ClassVar[Mapping[str, type[Group]]] = {
        "fraud": FraudSettings,
        "circle": CircleSettings,
        "behavior": BehaviorSettings,
        "compliance": ComplianceSettings,
        "serving": ServingSettings,
        "filing": FilingSettings,
    }

    app_name: str = "lakay-intelligence"
    """The service's name in logs and on /health."""
    app_version: str = "0.1.0"
    """The version on /health."""
    debug: bool = True
    """Development: development's secrets are accepted, and programs of the same machine need no token."""
    log_level: LogLevel = "INFO"
    """The lowest level that is logged."""
    host: str = "0.0.0.0"  # noqa: S104 - the runbook's default, for a container
    """Address the API listens on."""
    port: Port = 8000
    """Port the API listens on."""
    api_token: Token | None = None
    """Bearer token for the API; without any, it serves reports while DEBUG=true, and on loopback only."""
    api_tokens: NamedTokens | None = None
    """More of them, one a person, as name:token,name:token; the audit trail names who made or read a report."""

    database_url: DatabaseUrl = SecretStr("postgresql+asyncpg://lakay:lakay_dev@localhost:5432/lakay")
    """PostgreSQL."""
    database_owner_url: DatabaseUrl | None = None
    """PostgreSQL as the role that owns the tables: it migrates them, and retention deletes as it. DATABASE_URL's role
    owns them itself unless set. Only `lakay db` needs it."""
    database_pool_size: Count = 5
    """Connections to PostgreSQL that one process holds at most."""
    database_pool_timeout_s: Annotated[float, Field(gt=0, le=300)] = 5.0
    """Seconds to wait for one of them before giving up; a request that waits longer is answered with 503."""
    kafka_bootstrap_servers: Servers = "localhost:9092"
    """Kafka's brokers, host:port separated by commas."""
    kafka_consumer_group: Annotated[str, Field(min_length=1)] = "lakay-intelligence"
    """The workers' consumer group, exactly as Kafka shows it."""
    kafka_auto_offset_reset: Literal["earliest", "latest"] = "earliest"
    """Where to start without a committed offset."""
    kafka_session_timeout_s: Annotated[float, Field(ge=1, le=300)] = 15.0
    """Seconds without a heartbeat after which another worker takes over."""
    kafka_unpacked_max_bytes: Annotated[int, Field(ge=1 << 20)] = 64 << 20
    """Bytes that a compressed batch of records may unpack to; what would be larger is rejected with its offsets."""
    redis_url: RedisUrl = SecretStr("redis://localhost:6379/0")
    """Redis; /ready of the API says whether it answers."""

    datalake_endpoint: str = "http://localhost:9000"
    """S3-compatible endpoint of the data lake; given empty, the lake is a folder of LAKAY_DATA_DIR."""
    datalake_access_key: SecretStr = SecretStr("minioadmin")
    """S3 access key."""
    datalake_secret_key: SecretStr = SecretStr("minioadmin")
    """S3 secret key."""
    datalake_bucket: str = "lakay-data-lake"
    """Bucket of the bronze, silver and gold data."""

    pii_token_secret: SecretStr = SecretStr(secrets.DEVELOPMENT_PII_SECRETS["PII_TOKEN_SECRET"])
    """HMAC secret of the PII tokens: 64 random hex characters."""
    pii_encryption_key: SecretStr = SecretStr(secrets.DEVELOPMENT_PII_SECRETS["PII_ENCRYPTION_KEY"])
    """Key that encrypts PII at rest: 32 random bytes in base64."""
    pii_token_secret_previous: SecretStr | None = None
    """The PII_TOKEN_SECRET before this one, until `lakay pii rotate` has replaced it everywhere."""
    pii_encryption_key_previous: SecretStr | None = None
    """The PII_ENCRYPTION_KEY before this one, until `lakay pii rotate` has replaced it everywhere."""

    audit_signing_key: SecretStr | None = None
    """Key of the audit trail's signed heads and of records' digests: 64 random hex characters, kept where nobody who
    can write the database reads it. PII_TOKEN_SECRET's place is taken unless set."""
    audit_signing_key_previous: SecretStr | None = None
    """Earlier AUDIT_SIGNING_KEYs, separated by commas: what was signed with them is still checked."""

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
    worker_public_url: WebAddress | None = None
    """Where other workers and operators reach this worker's pages; by default http://, WORKER_HOST and WORKER_PORT."""
    archive_port: Port = 6067
    """Port the archive's pages listen on, at WORKER_HOST."""
    lake_port: Port = 6068
    """Port the lake's pages listen on, at WORKER_HOST."""
    lake_flush_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds after which records are written to the lake."""
    lake_flush_bytes: Annotated[int, Field(ge=1 << 20)] = 64 << 20
    """Bytes of a partition's records that are written earlier; twice as many are held in memory at most."""
    worker_token: Token | None = None
    """Bearer token for /tables; without one, they answer while DEBUG=true, and programs of this machine only."""
    checkpoint_interval_ms: Annotated[int, Field(ge=1, le=60_000)] = 100
    """Milliseconds between checkpoints, and so the longest that an alert waits to be committed.

    A worker that catches up waits up to a second longer.
    """
    processing_guarantee: Literal["exactly_once", "at_least_once"] = "exactly_once"
    """Of alerts: with `at_least_once` they leave before their checkpoint, and after a crash some come twice."""
    checkpoint_max_records: Count = 20_000
    """Records after which a checkpoint is taken earlier."""
    state_cache_bytes: Annotated[int, Field(ge=1 << 20)] = 256 << 20
    """Bytes of state that a worker keeps in memory beside RocksDB's own."""
    table_standby_replicas: Annotated[int, Field(ge=0, le=5)] = 1
    """Other workers that keep a copy of each partition's state, to take it over without a long restore."""
    topic_partitions: Count = 3
    """Partitions of the topics that `lakay topics create` makes; only `lakay topics grow` gives them more."""
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
    filing: FilingSettings = Field(default_factory=FilingSettings)
    """COMPLIANCE_FINCEN_SCHEMAS and COMPLIANCE_FILER_ variables."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [
            *secrets.production_problems(self),
            *self._contracts_problems(),
            *self._tier_problems(),
            *self._countries_problems(),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

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

    def _countries_problems(self) -> Iterator[str]:
        try:
            countries.in_force(self.compliance.high_risk_countries)
        except SettingsError as error:
            yield f"COMPLIANCE_HIGH_RISK_COUNTRIES is refused: {error}"

    @property
    def brokers(self) -> list[str]:
        """Kafka's brokers, each host:port."""
        return self.kafka_bootstrap_servers.split(",")

    @property
    def archive_consumer_group(self) -> str:
        """The consumer group of the archive."""
        return f"{self.kafka_consumer_group}-archive"

    @property
    def lake_consumer_group(self) -> str:
        """The consumer group of the lake."""
        return f"{self.kafka_consumer_group}-lake"

    @property
    def alert_topics(self) -> frozenset[str]:
        """The topics that Trebanx reads."""
        return frozenset(
            {
                self.fraud.alert_kafka_topic,
                self.circle.tier_change_topic,
                self.behavior.ato_kafka_topic,
                self.compliance.alerts_topic,
                self.compliance.edd_triggers_topic,
            }
        )

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
            synonyms=self.compliance.synonyms,
        )

    def behavior_limits(self) -> BehaviorLimits:
        """The limits of behaviour profiles and account takeover: times in ms, what has no variable at its default."""
        behavior = self.behavior
        return BehaviorLimits(
            min_sessions_active=behavior.min_sessions_active,
            ema_decay_rate=behavior.ema_decay_rate,
            staleness_ms=behavior.staleness_days * DAY_MS,
            temporal_weight=behavior.temporal_weight,
            device_weight=behavior.device_weight,
            geo_weight=behavior.geo_weight,
            amount_weight=behavior.amount_weight_in_force,
            activity_weight=behavior.activity_weight,
            stale_tolerance=behavior.stale_tolerance,
            medium_threshold=behavior.ato_medium_threshold,
            high_threshold=behavior.ato_high_threshold,
            critical_threshold=behavior.ato_critical_threshold,
            ato_window_ms=behavior.ato_window_hours * HOUR_MS,
            ato_dedup_ms=behavior.ato_dedup_window * 1000,
            session_idle_ms=behavior.session_idle_minutes * MINUTE_MS,
            synonyms=self.compliance.synonyms,
        )

    def user_limits(self) -> UserLimits:
        """The limits of everything that is decided about a user."""
        return UserLimits(self.fraud_limits(), self.behavior_limits())

    def compliance_limits(self) -> ComplianceLimits:
        """The limits of compliance: amounts in US cents, times in ms, and the list of countries in force."""
        compliance = self.compliance
        return ComplianceLimits(
            ctr_threshold_minor=int(compliance.ctr_threshold * 100),
            ctr_warning_minor=int(compliance.ctr_warning_in_force * 100),
            ctr_enabled=compliance.ctr_enabled,
            assume_cash=compliance.assume_cash,
            zone=ZONES[compliance.business_timezone],
            rapid_movement_ms=compliance.rapid_movement_hours * HOUR_MS,
            rapid_movement_ratio=compliance.rapid_movement_ratio,
            rapid_movement_floor_minor=int(compliance.rapid_movement_floor * 100),
            volume_multiplier=compliance.volume_multiplier,
            volume_floor_minor=int(compliance.volume_floor * 100),
            lookback_days=compliance.structuring_lookback_days,
            sar_confidence=compliance.sar_confidence,
            risk_low_max=compliance.risk_low_max,
            risk_medium_max=compliance.risk_medium_max,
            risk_high_max=compliance.risk_high_max,
            countries=countries.in_force(compliance.high_risk_countries).countries,
            retention_ms=compliance.movement_retention_days * DAY_MS,
            receipt=compliance.remittance_receipt,
            synonyms=compliance.synonyms,
        )

    def circle_limits(self) -> CircleLimits:
        """The limits of circle health: what has no variable at its default."""
        circle = self.circle
        return CircleLimits(
            contribution_weight=circle.contribution_weight,
            membership_weight=circle.membership_weight,
            financial_weight=circle.financial_weight,
            trust_weight=circle.trust_weight,
            healthy_threshold=circle.healthy_threshold,
            watch_threshold=circle.watch_threshold,
            at_risk_threshold=circle.at_risk_threshold,
            hysteresis_margin=circle.hysteresis_margin,
        )

    @property
    def version(self) -> str:
        """Twelve hex digits that change when, and only when, a setting that decisions depend on changes.

        Every alert carries it. Names of topics are no part of it, and 10000.0 is 10000.
        """
        return hashlib.sha256(json.dumps(self.decisive, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def decisive(self) -> dict[str, dict[str, object]]:
        """The settings that decisions depend on, by group and name, JSON-ready."""
        decisive: dict[str, dict[str, object]] = {
            group: {field: _canonical(value) for field, value in getattr(self, group) if not field.endswith("_topic")}
            for group in self.GROUPS
            if group != "filing"  # who files decides nothing
        }
        decisive["serving"] |= {
            "medium_max": self.fraud.high_threshold,
            "high_max": self.fraud.critical_threshold,
        }
        decisive["behavior"]["amount_weight"] = self.behavior.amount_weight_in_force
        decisive["compliance"]["ctr_warning_threshold"] = _canonical(self.compliance.ctr_warning_in_force)
        # What is in the list decides, not where it lies.
        listed = countries.in_force(self.compliance.high_risk_countries)
        decisive["compliance"]["high_risk_countries"] = {
            "published": listed.published,
            "call_for_action": sorted(listed.call_for_action),
            "increased_monitoring": sorted(listed.increased_monitoring),
        }
        return decisive


def _canonical(value: object) -> object:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value
