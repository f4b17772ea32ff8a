"""The summary has one shape, whatever happened."""

from __future__ import annotations

import json

from lakay_streams.demo.summary import summarise
from tests.demo.snapshots import NOTHING_YET, RUNNING


def test_the_summary_of_a_demo() -> None:
    assert json.loads(summarise(RUNNING)) == {
        "kafka": "embedded",
        "seconds": 83.2,
        "events": 98_765,
        "events_per_s": 1321.1,
        "rejects": 7,
        "checkpoints": 2_211,
        "alerts": {
            "total": 42,
            "by_topic": {"lakay.fraud.alerts": 42},
            "by_rule": {"impossible_travel": 30, "new_country": 21, "login_velocity": 12},
            "by_tier": {"critical": 11, "high": 31},
        },
        "seconds_to_first_alert": 9.9,
    }


def test_a_demo_without_alerts_has_the_same_fields_and_no_first_alert() -> None:
    nothing, something = json.loads(summarise(NOTHING_YET)), json.loads(summarise(RUNNING))
    assert nothing.keys() == something.keys()
    assert nothing["alerts"].keys() == something["alerts"].keys()
    assert nothing["seconds_to_first_alert"] is None
    assert nothing["alerts"]["total"] == 0
