"""What a worker counts, for Prometheus. Labelled children are made once: `labels()` costs more than the count."""

from __future__ import annotations

from prometheus_client import Counter

EVENTS = Counter("lakay_events", "Records taken in, by what became of them.", ["topic", "outcome"])
SCORED = Counter("lakay_transactions_scored", "Transactions scored, by risk tier.", ["risk_tier"])
FINDINGS = Counter("lakay_findings", "Findings of HIGH and CRITICAL decisions, by rule.", ["rule"])
ALERTS = Counter("lakay_alerts", "Alerts emitted, by topic and risk tier.", ["topic", "risk_tier"])
CRASHED = Counter("lakay_records_parked", "Records set aside because they crashed the worker.", ["topic"])
