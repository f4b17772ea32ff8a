"""The lake's Faust app: every record of Kafka into bronze, as it came.

in    every topic of the platform -> bronze
hold  nothing: where it stands is in PostgreSQL, with the manifest of the files

A process of its own beside the archive's: files that cannot be written delay no alert's way into PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from agents.database import DatabaseWatch
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, RATES, REJECTED
from lakay_streams.db import roles, schema
from lakay_streams.db.pool import Database
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.options import CheckpointStats, Emitter, Options
from lakay_streams.engine.worker import Worker
from lakay_streams.errors import DatabaseUnavailable, LakayError
from lakay_streams.lake.bronze import Raw
from lakay_streams.lake.committer import OUTPUT, BronzeCommitter, packed
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.keys import LakeKeys
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.process.child import EXIT_RESTART
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import CHECKPOINT_RECORDS, CHECKPOINTS, EVENTS
from lakay_streams.topics.provision import topics_in_force, wait_for_kafka
from lakay_streams.worker_pages import server as web

log = get_logger()

MAX_RECORDS = 100_000
"""Records of a partition that are written earlier."""

_LARGEST = 1 << 30
"""Bytes of the largest record: Kafka's own bound."""


class LakeApp(StreamApp):
    """A Faust app whose checkpoints are files and the transaction that names them."""

    def __init__(
        self, group: str, *, database: Database, files: Files, keys: LakeKeys, types: Mapping[str, str], **settings: Any
    ) -> None:
        """Write to `files`, named in `database`, sealed with `keys`; `types` are those of topics that have one."""
        super().__init__(group, **settings)
        self._database = database
        self._files = files
        self._lake_keys = keys
        self._types = types

    def committer(self, number: int) -> Committer:
        """Return what commits partition `number` to the lake."""
        return BronzeCommitter(
            self._database, self._files, self._lake_keys, self._types, number, timeout=self.options.timeout
        )


def topics_of(settings: Settings) -> tuple[str, ...]:
    """Return the topics that the lake reads, by the names in force: all.

    The group assigns topics of one partition (rates, corridors) by themselves, perhaps to another process than the
    partition 0 of the others. Files and positions are by topic, so that is as good.
    """
    return tuple(sorted({topic.name for topic in topics_in_force(settings)}))


def types_of(settings: Settings) -> dict[str, str]:
    """Return the event type of each topic whose records have one type and do not name it."""
    return {
        settings.fraud.alert_kafka_topic: "fraud-alert",
        settings.behavior.ato_kafka_topic: "ato-alert",
        settings.circle.tier_change_topic: "tier-change",
        settings.compliance.alerts_topic: "compliance-alert",
        settings.compliance.edd_triggers_topic: "edd-trigger",
        REJECTED: "rejected",
        JOURNAL: "journal",
        RATES: "rates",
        CORRIDORS: "corridors",
    }


def build(settings: Settings, *, pages: str | None = None) -> LakeApp:
    """Return the app with its agent, ready to be started by a worker; `pages` is the URL of its pages, if it has any.

    Raises `SettingsError` for a DATABASE_URL that cannot be read.
    """
    database = Database(settings, application="lakay-lake")
    app = LakeApp(
        settings.lake_consumer_group,
        database=database,
        files=files_of(settings),
        keys=LakeKeys(database, Tokens(token_keys(settings)), Vault(encryption_keys(settings))),
        types=types_of(settings),
        brokers=settings.kafka_bootstrap_servers,
        datadir=settings.lakay_data_dir / "lake-app",
        partitions=settings.topic_partitions,
        replication_factor=settings.topic_replication_factor,
        options=Options(
            journal_topic=None,
            dead_letter=_keep_unread,
            interval=settings.lake_flush_s,
            max_records=MAX_RECORDS,
            max_bytes=settings.lake_flush_bytes,
            max_output_bytes=_LARGEST,
            unpacked_bytes=settings.kafka_unpacked_max_bytes,
            checkpointed=_count_flush,
        ),
        session_timeout=settings.kafka_session_timeout_s,
        prepare=partial(_prepare, settings, database),
        web_enabled=pages is not None,
        web_in_thread=True,
        canonical_url=pages or "none:",
        consumer_auto_offset_reset="earliest",
    )
    app.companions += [DatabaseWatch(database)]
    app.dependencies["database"] = lambda: database.available
    topics = topics_of(settings)
    counted = {topic: EVENTS.labels(topic, "bronze") for topic in topics}

    @app.process(*topics, name="lake")
    def keep(work: BatchContext) -> None:
        for record in work:
            _emit(work, _raw(record))
        counted[work.topic].inc(len(work.records))

    return app


def _raw(record: Record) -> Raw:
    return Raw(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )


def _emit(work: Emitter, raw: Raw) -> None:
    work.emit(OUTPUT, None, packed(raw), partition=0)


def _keep_unread(work: Emitter, record: Record, reason: str) -> None:
    """Keep what cannot be unpacked as the bytes that came; the reason goes with it."""
    _emit(work, replace(_raw(record), headers=(("lakay-reason", reason.encode()),)))
    log.error(
        "message_processing_error",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
    )


def _count_flush(stats: CheckpointStats) -> None:
    CHECKPOINTS.observe(stats.seconds)
    CHECKPOINT_RECORDS.inc(stats.records)


async def _prepare(settings: Settings, database: Database) -> None:
    """Wait for Kafka and PostgreSQL, and make the schema in a fresh database."""
    await wait_for_kafka(settings)
    while True:
        await database.wait()
        try:
            await asyncio.to_thread(schema.init_db, settings)
            async with database.connection() as connection:
                await roles.tell(connection)
        except DatabaseUnavailable:
            continue
        return


def _tell_started(app: LakeApp) -> None:
    log.info("lake_started", group=app.conf.id, partitions=sorted(app.task_manager.partitions))


def main(settings: Settings, *, with_web: bool = True) -> int:
    """Run the lake's app until it is stopped; return its exit code, `EXIT_RESTART` when it wants to be started again.

    Raises `LakayError` for what the operator must correct first.
    """
    log.info("lakay_starting", app_name=settings.app_name, version=settings.app_version, process="lake")
    bound = web.listen(settings.worker_host, settings.lake_port) if with_web else None
    pages = web.canonical_url(settings.worker_host, settings.lake_port) if bound else None
    app = build(settings, pages=pages)
    if bound is not None:
        web.serve(app, settings, bound)
    try:
        Worker(app, on_ready=partial(_tell_started, app)).run()
    except LakayError:
        raise
    except Exception:
        log.exception("lake_crashed")
        return EXIT_RESTART
    log.info("lakay_stopped")
    return 0
