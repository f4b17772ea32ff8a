"""The topology: every table and agent of a worker, put together. The worker's one composition root."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from agents import circles, control, members, movements, remittances, transactions, users
from agents.alerts import FraudAlertPublisher, TakeoverAlertPublisher, TierChangePublisher
from agents.compliance import Accounts, ComplianceMonitor
from agents.exchange import RateKeeper
from agents.intake import Intake, dead_letter
from lakay_streams.contracts import Contracts
from lakay_streams.contracts import movements as movement_records
from lakay_streams.contracts import rates as rate_records
from lakay_streams.contracts.topics import (
    CIRCLES,
    CONTROL,
    CORRIDORS,
    EVENT_TYPES,
    JOURNAL,
    MEMBERS,
    MOVEMENTS,
    RATES,
    REMITTANCES,
    TRANSACTIONS,
    USERS,
)
from lakay_streams.domain.compliance.decide import NO_PEERS
from lakay_streams.domain.events import (
    AlertDisposition,
    CircleEvent,
    CorridorRemittance,
    Event,
    ExchangeRateUpdated,
    MemberChanged,
    MoneyMoved,
    ProfileDisposition,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
    UserEvent,
)
from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.task.options import CheckpointStats, Options
from lakay_streams.engine.worker import Worker
from lakay_streams.errors import LakayError
from lakay_streams.process.child import EXIT_RESTART
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import CHECKPOINT_OUTPUTS, CHECKPOINT_RECORDS, CHECKPOINTS
from lakay_streams.telemetry.sampling import ScoredSampling
from lakay_streams.topics.provision import wait_for_kafka
from lakay_streams.worker_pages import server as web
from tables import catalogue

log = get_logger()

AnyEvent = TypeVar("AnyEvent", bound=Event)


def build(settings: Settings, *, pages: str | None = None) -> StreamApp:
    """Return the app with every table and agent, ready to be started by a worker.

    `pages` is the URL under which others reach the worker's pages, None when it serves none.
    """
    app = StreamApp(
        settings.kafka_consumer_group,
        brokers=settings.kafka_bootstrap_servers,
        datadir=settings.lakay_data_dir,
        partitions=settings.topic_partitions,
        replication_factor=settings.topic_replication_factor,
        options=Options(
            journal_topic=JOURNAL,
            dead_letter=dead_letter,
            interval=settings.checkpoint_interval_ms / 1000,
            max_records=settings.checkpoint_max_records,
            cache_bytes=settings.state_cache_bytes,
            unpacked_bytes=settings.kafka_unpacked_max_bytes,
            at_least_once_topics=(
                settings.alert_topics if settings.processing_guarantee == "at_least_once" else frozenset()
            ),
            versions={"settings": settings.version},
            checkpointed=_count_checkpoint,
        ),
        session_timeout=settings.kafka_session_timeout_s,
        standby_replicas=settings.table_standby_replicas,
        prepare=partial(wait_for_kafka, settings),
        web_enabled=pages is not None,
        web_in_thread=True,
        # Other workers send readers here; one that serves no pages has no address to send them to.
        canonical_url=pages or "none:",
        consumer_auto_offset_reset=settings.kafka_auto_offset_reset,
    )
    rates = GlobalTable("rates", RATES, DEFAULT_RATES, lambda value, record: rate_records.fold(value, record.value))
    peers = GlobalTable(
        "corridors", CORRIDORS, NO_PEERS, lambda value, record: movement_records.fold_peers(value, record.value)
    )
    app.task_manager.global_tables += [rates, peers]
    tables = catalogue.declare(app)
    contracts = Contracts.load(settings.contracts_path)
    limits = settings.user_limits()

    def intake(topic: str, *events: type[AnyEvent]) -> Intake[AnyEvent]:
        sampling = ScoredSampling(settings.log_scored_per_second)
        return Intake(topic, *events, contracts=contracts, sampling=sampling)

    fraud = FraudAlertPublisher(
        settings.fraud.alert_kafka_topic, settings.version, ScoredSampling(settings.log_scored_per_second)
    )
    takeovers = TakeoverAlertPublisher(settings.behavior.ato_kafka_topic, settings.version, limits.behavior)
    monitor = ComplianceMonitor(
        Accounts(tables.compliance, tables.movements, tables.movement_days),
        rates,
        peers,
        settings.compliance_limits(),
        alerts_topic=settings.compliance.alerts_topic,
        edd_topic=settings.compliance.edd_triggers_topic,
        settings_version=settings.version,
    )
    transactions.declare(
        app,
        intake=intake(TRANSACTIONS, TransactionInitiated, TransactionUpdated),
        users=tables.users,
        rates=rates,
        limits=limits,
        fraud=fraud,
        takeovers=takeovers,
        monitor=monitor,
    )
    users.declare(
        app,
        intake=intake(USERS, UserEvent),
        users=tables.users,
        rates=rates,
        limits=limits,
        fraud=fraud,
        takeovers=takeovers,
        monitor=monitor,
    )
    rate_keeper = RateKeeper(tables.rates, settings.compliance.rate_factor_max)
    control.declare(
        app,
        intake=intake(CONTROL, ProfileDisposition, AlertDisposition, ExchangeRateUpdated),
        users=tables.users,
        limits=limits.behavior,
        rates=rate_keeper,
        monitor=monitor,
    )
    circle_limits = settings.circle_limits()
    circles.declare(
        app,
        intake=intake(CIRCLES, CircleEvent),
        circles=tables.circles,
        limits=circle_limits,
        tiers=TierChangePublisher(settings.circle.tier_change_topic, settings.version, circle_limits),
        monitor=monitor,
    )
    members.declare(app, intake=intake(MEMBERS, MemberChanged), members=tables.members)
    remittances.declare(
        app,
        intake=intake(REMITTANCES, RemittanceEvent, ExchangeRateUpdated),
        remittances=tables.remittances,
        rates=rate_keeper,
        monitor=monitor,
    )
    movements.declare(
        app,
        intake=intake(MOVEMENTS, MoneyMoved, CorridorRemittance),
        monitor=monitor,
        customers=tables.compliance,
        corridors=tables.corridors,
    )
    return app


def _count_checkpoint(stats: CheckpointStats) -> None:
    CHECKPOINTS.observe(stats.seconds)
    CHECKPOINT_RECORDS.inc(stats.records)
    CHECKPOINT_OUTPUTS.inc(stats.outputs)


def _tell_started(app: StreamApp) -> None:
    partitions = sorted(app.task_manager.partitions)
    for topic in EVENT_TYPES:
        log.info("consumer_started", topic=topic, group=app.conf.id, partitions=partitions)
    log.info("kafka_consumers_started", topics=list(EVENT_TYPES), partitions=partitions)


def main(settings: Settings, *, with_web: bool = True) -> int:
    """Run a worker until it is stopped; return its exit code, `EXIT_RESTART` when it wants to be started again.

    Raises `LakayError` for what the operator must correct first.
    """
    log.info(
        "lakay_starting", app_name=settings.app_name, version=settings.app_version, settings_version=settings.version
    )
    bound = web.listen(settings.worker_host, settings.worker_port) if with_web else None
    pages = None
    if bound is not None:
        pages = settings.worker_public_url or web.canonical_url(settings.worker_host, settings.worker_port)
    app = build(settings, pages=pages)
    if bound is not None:
        web.serve(app, settings, bound)
    try:
        Worker(app, on_ready=partial(_tell_started, app)).run()
    except LakayError:
        raise
    except Exception:
        log.exception("worker_crashed")
        return EXIT_RESTART
    log.info("lakay_stopped")
    return 0
