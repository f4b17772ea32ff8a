"""/stats: what the worker is doing, in numbers. /metrics: the same for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aiohttp.web import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lakay_streams.engine.app import StreamApp
from lakay_streams.settings import countries
from lakay_streams.worker_pages.pages import answer, page
from lakay_streams.worker_pages.sampler import WINDOWS_S, Sample, Sampler

REFRESH_S = 2


def attach(app: StreamApp, *, service: dict[str, str], sampler: Sampler, list_date: str) -> None:
    """Put the pages on `app`; `service` is what the worker says of itself, `list_date` its list of countries' day."""
    gauges = CollectorRegistry()
    stale = Gauge("lakay_high_risk_list_outdated", "Whether FATF has renewed the list of countries.", registry=gauges)
    stale.set_function(lambda: countries.outdated(list_date, datetime.now(UTC).date()) is not None)
    gauges.register(Gauges(sampler))

    @page(app, "/stats")
    async def stats(request: Request) -> Response:
        return answer(request, told(sampler.latest, service), title="Stats", refresh_s=REFRESH_S)

    @page(app, "/metrics")
    async def metrics(_request: Request) -> Response:
        exposition = generate_latest(REGISTRY) + generate_latest(gauges)
        return Response(body=exposition, headers={"Content-Type": CONTENT_TYPE_LATEST})


def told(sample: Sample, service: dict[str, str]) -> dict[str, Any]:
    """Return a sample as /stats tells it: rows where there are many of a kind, so that a page shows tables."""
    engine = sample.engine
    lags = [source.lag for source in engine.sources if source.lag is not None]
    return {
        **service,
        "sampled_at": sample.taken_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "uptime_seconds": sample.uptime_seconds,
        "memory_rss_bytes": sample.memory_bytes,
        "memory_rocksdb_bytes": engine.rocksdb_bytes,
        "kafka": engine.connected,
        "ready": engine.ready,
        "partitions_assigned": list(engine.assigned),
        "partitions_open": list(engine.opened),
        "events_per_second": round(sum(rate.over[1] for rate in sample.rates), 1),
        "lag_total": sum(lags),
        "rates": [
            {
                "topic": rate.topic,
                "events": rate.total,
                **{f"per_second_{window}s": each for window, each in zip(WINDOWS_S, rate.over, strict=True)},
                "per_second_since_start": round(rate.total / sample.uptime_seconds, 1) if sample.uptime_seconds else 0,
            }
            for rate in sample.rates
        ],
        # The longest first: where to look when something is late.
        "lag": [source._asdict() for source in sorted(engine.sources, key=lambda source: -(source.lag or 0))],
        "checkpoints": [partition._asdict() for partition in engine.partitions],
        "standbys": [standby._asdict() for standby in engine.standbys],
        "tables": [table._asdict() for table in engine.tables],
        "outcomes": [
            {"topic": topic, "outcome": outcome, "events": count}
            for (topic, outcome), count in sorted(sample.outcomes.items())
            if count
        ],
        "scored": dict(sample.scored),
        "alerts": {"by_rule": dict(sample.alerts_by_rule), "by_tier": dict(sample.alerts_by_tier)},
        "recovery": {"restored": engine.restored, "to_restore": engine.to_restore, "done": engine.ready},
        "faults": {"reopened": engine.reopened, "fenced": engine.fenced, "records_parked": sample.parked},
    }


class Gauges(Collector):
    """The latest sample as gauges, made when they are asked for: what is no longer owned is no longer told."""

    def __init__(self, sampler: Sampler) -> None:
        """Read `sampler`'s latest sample at every scrape."""
        self._sampler = sampler

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every gauge."""
        engine = self._sampler.latest.engine
        yield GaugeMetricFamily("lakay_ready", "Whether everything assigned is open.", value=float(engine.ready))
        yield GaugeMetricFamily("lakay_kafka_connected", "Whether Kafka answers.", value=float(engine.connected))
        yield GaugeMetricFamily("lakay_partitions_owned", "Partitions open here.", value=len(engine.opened))
        yield GaugeMetricFamily("lakay_restored_records", "Changes of the last recovery.", value=engine.restored)
        yield GaugeMetricFamily("lakay_reopened", "Partitions opened again after a failure.", value=engine.reopened)
        yield GaugeMetricFamily("lakay_fenced", "Partitions lost to another owner at opening.", value=engine.fenced)
        yield GaugeMetricFamily("lakay_rocksdb_bytes", "RocksDB's memory in all.", value=engine.rocksdb_bytes)
        lag = GaugeMetricFamily("lakay_lag", "Records that wait.", labels=["topic", "partition"])
        for source in engine.sources:
            if source.lag is not None:
                lag.add_metric([source.topic, str(source.partition)], source.lag)
        yield lag
        cached = GaugeMetricFamily("lakay_cached_states", "States in memory.", labels=["table", "partition"])
        changed = GaugeMetricFamily("lakay_changed_states", "States to write.", labels=["table", "partition"])
        stored = GaugeMetricFamily("lakay_stored_bytes", "RocksDB's size.", labels=["table", "partition"])
        for table in engine.tables:
            labels = [table.table, str(table.partition)]
            cached.add_metric(labels, table.cached_states)
            changed.add_metric(labels, table.changed_states)
            stored.add_metric(labels, table.estimated_bytes)
        yield from (cached, changed, stored)
        behind = GaugeMetricFamily("lakay_standby_behind", "Changes a copy lacks.", labels=["partition"])
        for standby in engine.standbys:
            if standby.behind is not None:
                behind.add_metric([str(standby.partition)], standby.behind)
        yield behind
        age = GaugeMetricFamily("lakay_checkpoint_age_seconds", "Since the last checkpoint.", labels=["partition"])
        for partition in engine.partitions:
            if partition.age_seconds is not None:
                age.add_metric([str(partition.partition)], partition.age_seconds)
        yield age
