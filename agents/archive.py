"""The archive's Faust app: what it reads, what it waits for, and how its process runs.

in    the lakay.* alert topics     -> alert_revisions, and the latest of each in alerts
      lakay.internal.rejected      -> rejects
      the trebanx.* topics         -> schema_versions: which versions of which events are seen
hold  nothing: where it stands is in PostgreSQL, with the rows
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from mode import Service

from agents.database import DatabaseWatch
from lakay_streams.archive.alerts import ACTOR
from lakay_streams.archive.committer import PostgresCommitter
from lakay_streams.archive.rows import QUARANTINE, Row, RowMaker, alert_kinds
from lakay_streams.archive.seen import versions_seen
from lakay_streams.archive.settings_in_force import record_settings
from lakay_streams.contracts.topics import EVENT_TYPES, REJECTED
from lakay_streams.db import roles, schema
from lakay_streams.db.heads import Heads
from lakay_streams.db.pool import Database
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.options import CheckpointStats, Emitter, Options
from lakay_streams.engine.worker import Worker
from lakay_streams.errors import AuditError, DatabaseError, DatabaseUnavailable, LakayError
from lakay_streams.process.child import EXIT_RESTART
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import CHECKPOINT_OUTPUTS, CHECKPOINT_RECORDS, CHECKPOINTS, EVENTS
from lakay_streams.topics.provision import wait_for_kafka
from lakay_streams.worker_pages import server as web

log = get_logger()

#: Seconds between transactions, and records after which one comes earlier: an alert is in PostgreSQL within a second.
INTERVAL_S = 0.5
MAX_RECORDS = 20_000

#: Seconds in which rows of the audit trail may be cut off unnoticed.
SIGN_EVERY_S = 60.0


class ArchiveApp(StreamApp):
    """A Faust app whose checkpoints are PostgreSQL's transactions."""

    def __init__(self, group: str, *, database: Database, maker: RowMaker, **settings: Any) -> None:
        """Commit to `database` the rows that `maker` makes."""
        super().__init__(group, **settings)
        self._database = database
        self._maker = maker

    def committer(self, number: int) -> Committer:
        """Return what commits partition `number` to PostgreSQL."""
        return PostgresCommitter(self._database, self._maker, number, timeout=self.options.timeout)


class HeadSigner(Service):
    """Signs the head of the audit trail every `SIGN_EVERY_S`, and tells once that it was cut or rewritten."""

    def __init__(self, database: Database, heads: Heads, prepared: asyncio.Event, **kwargs: Any) -> None:
        """Sign the head in `database`, once it is `prepared`."""
        super().__init__(**kwargs)
        self._prepared = prepared
        self._database = database
        self._heads = heads

    @Service.task
    async def _sign(self) -> None:
        await self._prepared.wait()
        told = ""
        while not self.should_stop:
            try:
                async with self._database.connection() as connection:
                    signed = await self._heads.sign(connection)
            except (AuditError, OSError) as failure:
                if str(failure) != told:
                    log.error("audit_head_not_signed", reason=str(failure))
                told = str(failure)
            except DatabaseError:
                pass  # told by the pool
            else:
                told = ""
                if signed is not None:
                    log.info("audit_head_signed", **signed.as_json())
            await self.sleep(SIGN_EVERY_S)


def build(settings: Settings, *, pages: str | None = None) -> ArchiveApp:
    """Return the app with its agent, ready to be started by a worker; `pages` is the URL of its pages, if it has any.

    Raises `SettingsError` for a DATABASE_URL that cannot be read.
    """
    database = Database(settings, application="lakay-archive")
    kinds = alert_kinds(settings)
    maker = RowMaker.of(settings)
    prepared = asyncio.Event()
    app = ArchiveApp(
        settings.archive_consumer_group,
        database=database,
        maker=maker,
        brokers=settings.kafka_bootstrap_servers,
        datadir=settings.lakay_data_dir / "archive",
        partitions=settings.topic_partitions,
        replication_factor=settings.topic_replication_factor,
        options=Options(
            journal_topic=None,
            dead_letter=partial(_quarantine, maker),
            interval=INTERVAL_S,
            max_records=MAX_RECORDS,
            unpacked_bytes=settings.kafka_unpacked_max_bytes,
            checkpointed=_count_transaction,
        ),
        session_timeout=settings.kafka_session_timeout_s,
        prepare=partial(_prepare, settings, database, prepared),
        web_enabled=pages is not None,
        web_in_thread=True,
        canonical_url=pages or "none:",
        # What the topics hold from before the first start belongs into the archive, whatever workers skip.
        consumer_auto_offset_reset="earliest",
    )
    app.companions += [DatabaseWatch(database), HeadSigner(database, Heads.of(settings), prepared)]
    app.dependencies["database"] = lambda: database.available
    archived = {topic: EVENTS.labels(topic, "archived") for topic in (*kinds, REJECTED)}
    quarantined = {topic: EVENTS.labels(topic, "quarantined") for topic in (*kinds, REJECTED)}
    seen = {topic: EVENTS.labels(topic, "seen") for topic in EVENT_TYPES}

    @app.process(*kinds, REJECTED, *EVENT_TYPES, name="archive")
    def keep(work: BatchContext) -> None:
        if work.topic in EVENT_TYPES:
            for row in versions_seen(list(work)):
                _emit(work, row)
            seen[work.topic].inc(len(work.records))
            return
        make = maker.reject if work.topic == REJECTED else maker.alert
        for record in work:
            row = make(record)
            _emit(work, row)
            (archived if row.table != QUARANTINE else quarantined)[work.topic].inc()

    return app


def _emit(work: Emitter, row: Row) -> None:
    work.emit(row.table, row.origin.encode(), row.packed, partition=0)


def _quarantine(maker: RowMaker, work: Emitter, record: Record, reason: str) -> None:
    """Set aside a record that crashed the archive too often: a bug, which wants an engineer."""
    _emit(work, maker.quarantine(record, (f"record: {reason}",)))
    log.error(
        "message_processing_error",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
    )


def _count_transaction(stats: CheckpointStats) -> None:
    CHECKPOINTS.observe(stats.seconds)
    CHECKPOINT_RECORDS.inc(stats.records)
    CHECKPOINT_OUTPUTS.inc(stats.outputs)


async def _prepare(settings: Settings, database: Database, prepared: asyncio.Event) -> None:
    """Wait for Kafka and PostgreSQL, make the schema in a fresh database, and put changed settings into the trail."""
    await wait_for_kafka(settings)
    while True:
        await database.wait()
        try:
            await asyncio.to_thread(schema.init_db, settings)
            async with database.connection() as connection:
                await roles.tell(connection)
                await record_settings(connection, settings, actor=ACTOR)
        except DatabaseUnavailable:
            continue
        prepared.set()
        return


def _tell_started(app: ArchiveApp) -> None:
    log.info("archive_started", group=app.conf.id, partitions=sorted(app.task_manager.partitions))


def main(settings: Settings, *, with_web: bool = True) -> int:
    """Run an archive until it is stopped; return its exit code, `EXIT_RESTART` when it wants to be started again.

    Raises `LakayError` for what the operator must correct first.
    """
    log.info("lakay_starting", app_name=settings.app_name, version=settings.app_version, process="archive")
    bound = web.listen(settings.worker_host, settings.archive_port) if with_web else None
    pages = web.canonical_url(settings.worker_host, settings.archive_port) if bound else None
    app = build(settings, pages=pages)
    if bound is not None:
        web.serve(app, settings, bound)
    try:
        Worker(app, on_ready=partial(_tell_started, app)).run()
    except LakayError:
        raise
    except Exception:
        log.exception("archive_crashed")
        return EXIT_RESTART
    log.info("lakay_stopped")
    return 0
