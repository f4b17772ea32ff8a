"""Snapshots for the tests of what is made of them."""

from __future__ import annotations

from lakay_streams.demo.snapshot import Backlog, SeenAlert, Snapshot

ALERT = SeenAlert(
    occurred_at="2026-03-02T14:30:00.000Z",
    kind="fraud",
    tier="critical",
    whom="7b0c2f2e-5a57-4f0e-9b0e-2f6c1d0f9a11",
    what="1,240.00 USD",
    reasons=("2,304 km in 12.0 minutes; an airliner needs 154", "From HT; so far this user acted from US"),
)
LOGIN = ALERT._replace(tier="high", what="login", reasons=("9 logins within 10 minutes",))
TAKEOVER = ALERT._replace(
    kind="takeover",
    what="profile change",
    reasons=("A stranger changed email now", "A device this user is not known by"),
)
CIRCLE = ALERT._replace(
    kind="circle",
    tier="at-risk",
    whom="5d0e9b0e-2f6c-4d0f-9a11-7b0c2f2e5a57",
    what="was watch",
    reasons=("1 member took the pot and left, owing up to 80% of the rounds", "1 of 5 members left"),
)

RUNNING = Snapshot(
    seconds=83.2,
    kafka="embedded",
    pages="http://127.0.0.1:6066",
    events=98_765,
    events_per_s=1_502.4,
    mean_events_per_s=1_321.06,
    backlog=(
        Backlog("trebanx.transaction.events", 40_000, 12),
        Backlog("trebanx.user.events", 50_000, 0),
        Backlog("trebanx.circle.events", 6_000, 0),
        Backlog("trebanx.remittance.events", 2_800, 23),
    ),
    rejects=7,
    checkpoints=2_211,
    alerts_by_topic={"lakay.fraud.alerts": 42},
    alerts_by_rule={"impossible_travel": 30, "new_country": 21, "login_velocity": 12},
    alerts_by_tier={"critical": 11, "high": 31},
    latest=(ALERT, LOGIN, TAKEOVER, CIRCLE),
    seconds_to_first_alert=9.87,
)

NOTHING_YET = RUNNING._replace(
    seconds=0.4,
    events=0,
    events_per_s=0.0,
    mean_events_per_s=0.0,
    backlog=(),
    rejects=0,
    checkpoints=0,
    alerts_by_topic={},
    alerts_by_rule={},
    alerts_by_tier={},
    latest=(),
    seconds_to_first_alert=None,
)
