"""What a worker counts, for Prometheus. Labelled children are made once: `labels()` costs more than the count."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

EVENTS = Counter("lakay_events", "Records taken in, by what became of them.", ["topic", "outcome"])
NOT_TOLD = Counter(
    "lakay_values_not_told", "Values in accepted events that could not be read and were taken for not told.", ["field"]
)
SCORED = Counter("lakay_transactions_scored", "Transactions scored, by risk tier.", ["risk_tier"])
FINDINGS = Counter("lakay_findings", "Findings of HIGH and CRITICAL decisions, by rule.", ["rule"])
ALERTS = Counter("lakay_alerts", "Alerts emitted, by topic and risk tier.", ["topic", "risk_tier"])
LOST = Counter("lakay_movements_not_counted", "Movements of money that could not be counted; each has an alert.")
CRASHED = Counter("lakay_records_parked", "Records set aside because they crashed the worker.", ["topic"])
RATES_HELD = Counter("lakay_exchange_rates_held", "Exchange rates held until an operator confirms one.")
CHECKPOINTS = Histogram(
    "lakay_checkpoint_seconds",
    "Seconds from the start of a checkpoint until Kafka and RocksDB have it.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CHECKPOINT_RECORDS = Counter("lakay_checkpoint_records", "Records committed by checkpoints.")
CHECKPOINT_OUTPUTS = Counter("lakay_checkpoint_outputs", "Outputs committed by checkpoints.")


def counted(metric: MetricWrapperBase, labels: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Return the counts so far, added up by the values of these labels."""
    counts: dict[tuple[str, ...], int] = {}
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith("_total"):
                key = tuple(sample.labels[label] for label in labels)
                counts[key] = counts.get(key, 0) + int(sample.value)
    return counts
