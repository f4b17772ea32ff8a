"""The summary of a demo: one JSON object for scripts."""

from __future__ import annotations

import json

from lakay_streams.demo.snapshot import Snapshot


def summarise(snapshot: Snapshot) -> str:
    """What a demo did, as JSON: counts of committed events, rejects and alerts, seconds, and events per second."""
    first = snapshot.seconds_to_first_alert
    summary = {
        "kafka": snapshot.kafka,
        "seconds": round(snapshot.seconds, 1),
        "events": snapshot.events,
        "events_per_s": round(snapshot.mean_events_per_s, 1),
        "rejects": snapshot.rejects,
        "checkpoints": snapshot.checkpoints,
        "alerts": {
            "total": snapshot.alerts,
            "by_topic": dict(snapshot.alerts_by_topic),
            "by_rule": dict(snapshot.alerts_by_rule),
            "by_tier": dict(snapshot.alerts_by_tier),
        },
        "seconds_to_first_alert": None if first is None else round(first, 1),
    }
    return json.dumps(summary, indent=2) + "\n"
