"""Stock Faust at its best: batches of a thousand events, one table, one write per user and batch.

in    the workload    keyed by user
hold  users           one record per user
out   {app}-alerts    keyed by user

`take_events` runs the agent's body outside of any event, and Faust refuses to write a table there; `_current_event` is
set by hand for each write. Its batches are acknowledged even when the body raises, so this is a measure, not a pattern.
"""

from __future__ import annotations

import weakref
from typing import Any, Never

from faust.streams import _current_event

from benchmarks import workload
from benchmarks.contenders import Job, fail, report
from benchmarks.contenders.stock_faust import alerts_topic, make_app, prepare, run_worker
from benchmarks.measure import Meter

__all__ = ["prepare", "run"]

BATCH = 1_000


def run(job: Job) -> Never:
    """Run one Faust worker until the last event is processed."""
    app = make_app(job)
    source = app.topic(job.source, key_type=bytes, value_type=bytes, value_serializer="raw")
    alerts = alerts_topic(app, job)
    users = app.Table("users", default=workload.new_user, key_type=bytes, partitions=workload.PARTITIONS)
    expected = workload.expected_outputs(job.events)

    @app.agent(source)
    async def score(stream: Any) -> None:
        meter, done, emitted = None, 0, 0
        async for batch in stream.take_events(BATCH, within=0.1):
            meter = meter or Meter()
            changed: dict[bytes, tuple[Any, dict[str, Any]]] = {}
            for record in batch:
                key, event = record.key, workload.decode(record.value)
                if key in changed:
                    user = changed[key][1]
                else:
                    _current_event.set(weakref.ref(record))
                    user = users[key]
                if workload.step(user, event):
                    await alerts.send(key=key, value=record.value)
                    emitted += 1
                changed[key] = record, user
            for key, (record, user) in changed.items():
                _current_event.set(weakref.ref(record))
                users[key] = user
            done += len(batch)
            if done >= job.events:
                if emitted != expected:
                    fail(f"{emitted} events emitted instead of {expected}: the job was not done")
                report(job, meter.read(done))

    run_worker(app)
