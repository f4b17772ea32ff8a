"""Stock Faust as its user guide teaches it: an agent that takes one event at a time and three tables.

in    the workload           keyed by user
hold  seen, minutes, profile  one record per user each
out   {app}-alerts            keyed by user
"""

from __future__ import annotations

import asyncio
from typing import Any, Never

import faust

from benchmarks import workload
from benchmarks.contenders import Job, fail, report
from benchmarks.measure import Meter


def make_app(job: Job) -> faust.App:
    """Return an app that is new to Kafka and to the disk, with Faust's defaults but for what a test bench needs."""
    return faust.App(
        job.run_id,
        broker=f"kafka://{job.bootstrap_servers}",
        store="rocksdb://",
        datadir=job.folder,
        topic_partitions=workload.PARTITIONS,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )


def alerts_topic(app: faust.App, job: Job) -> Any:
    """Return the output topic, created beforehand so that no contender waits for it."""
    asyncio.run(workload.create_topic(job.bootstrap_servers, job.alerts))
    return app.topic(job.alerts, value_serializer="raw")


def run_worker(app: faust.App) -> Never:
    """Run the app's worker until an agent reports."""
    worker = faust.Worker(app, loglevel="error")
    # Faust's progress spinner sets the root logger to DEBUG, which costs stock Faust a tenth of its speed.
    worker.spinner = None
    worker.execute_from_commandline()
    fail("the Faust worker stopped before the last event")


def prepare(job: Job) -> None:
    """Load the workload."""
    asyncio.run(workload.load(job.bootstrap_servers, job.source, job.events))


def run(job: Job) -> Never:
    """Run one Faust worker until the last event is processed."""
    app = make_app(job)
    source = app.topic(job.source, key_type=bytes, value_type=bytes, value_serializer="raw")
    alerts = alerts_topic(app, job)
    seen = app.Table("seen", default=list, key_type=bytes, partitions=workload.PARTITIONS)
    minutes = app.Table("minutes", default=dict, key_type=bytes, partitions=workload.PARTITIONS)
    profiles = app.Table("profiles", default=workload.new_profile, key_type=bytes, partitions=workload.PARTITIONS)
    expected = workload.expected_outputs(job.events)

    @app.agent(source)
    async def score(stream: Any) -> None:
        meter, done, emitted = None, 0, 0
        async for record in stream.events():
            meter = meter or Meter()
            key, event = record.key, workload.decode(record.value)
            ids = seen[key]
            if not workload.is_repeated(ids, event):
                buckets, profile = minutes[key], profiles[key]
                workload.count_minute(buckets, event)
                emit = workload.learn(profile, event)
                seen[key], minutes[key], profiles[key] = ids, buckets, profile
                if emit:
                    await alerts.send(key=key, value=record.value)
                    emitted += 1
            done += 1
            if done >= job.events:
                if emitted != expected:
                    fail(f"{emitted} events emitted instead of {expected}: the job was not done")
                report(job, meter.read(done))

    run_worker(app)
