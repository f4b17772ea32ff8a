"""The tally adds up what Lakay's own topics say."""

from __future__ import annotations

import pytest

from lakay_streams.contracts import alerts
from lakay_streams.contracts.topics import (
    ATO_ALERTS,
    COMPLIANCE_ALERTS,
    EDD_TRIGGERS,
    FRAUD_ALERTS,
    JOURNAL,
    REJECTED,
    REKEYED_USERS,
    TIER_CHANGES,
    TRANSACTIONS,
    USERS,
)
from lakay_streams.demo.tally import KEPT, Tally
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS as CIRCLE_LIMITS
from lakay_streams.engine.task.journal import JournalEntry, Segment
from tests.domain.behavior.life import LAGOS_NETWORK, settled
from tests.domain.circles.life import Life
from tests.domain.story import LAGOS


def checkpoint(*segments: Segment) -> bytes:
    return JournalEntry(partition=0, partitions=1, segments=list(segments), versions={}).encode()


def finding(rule: str, score: float) -> alerts.AlertFinding:
    return alerts.AlertFinding(
        rule=rule, score=score, reason=f"because of {rule}", evidence={}, event_ids=("e-1",), otherwise="no finding"
    )


def alert(tier: str, *findings: alerts.AlertFinding, amount: str | None = "1240.00", user: str = "u-1") -> bytes:
    return alerts.encode(
        alerts.FraudAlert(
            alert_id="00000000-0000-5000-8000-000000000000",
            alert_type="transaction_risk",
            user_id=user,
            transaction_id="t-1",
            event_id="e-1",
            event_type="transaction-initiated",
            occurred_at="2026-03-02T14:30:00.000Z",
            amount=amount,
            currency=amount and "USD",
            score=0.9,
            composite_score=0.9,
            risk_tier=tier,
            severity=tier.upper(),
            recommendation="block",
            findings=findings,
            otherwise=(),
            settings_version="abc",
        )
    )


@pytest.fixture
def tally() -> Tally:
    return Tally(FRAUD_ALERTS, ATO_ALERTS, TIER_CHANGES, COMPLIANCE_ALERTS, EDD_TRIGGERS)


def test_a_checkpoint_counts_once_with_the_inbound_records_of_all_its_segments(tally: Tally) -> None:
    tally.count(JOURNAL, checkpoint(Segment(TRANSACTIONS, 0, 9, 10), Segment(USERS, 5, 9, 4)), at_s=1.0)
    assert (tally.checkpoints, tally.events) == (1, 14)


def test_a_rekeyed_record_is_not_a_second_event(tally: Tally) -> None:
    tally.count(JOURNAL, checkpoint(Segment(USERS, 0, 0, 1), Segment(REKEYED_USERS, 0, 0, 1)), at_s=1.0)
    assert tally.events == 1


def test_an_alert_counts_by_topic_tier_and_each_of_its_rules(tally: Tally) -> None:
    tally.count(FRAUD_ALERTS, alert("high", finding("new_device", 1.0), finding("ip_change", 0.5)), at_s=3.5)
    tally.count(FRAUD_ALERTS, alert("critical", finding("new_device", 1.0)), at_s=4.5)
    assert tally.alerts_by_topic == {FRAUD_ALERTS: 2}
    assert tally.alerts_by_tier == {"high": 1, "critical": 1}
    assert tally.alerts_by_rule == {"new_device": 2, "ip_change": 1}
    assert tally.first_alert_s == 3.5


def test_the_latest_alert_comes_first_and_its_reasons_by_what_they_added_to_the_score(tally: Tally) -> None:
    tally.count(FRAUD_ALERTS, alert("high", finding("ip_change", 0.5)), at_s=1.0)
    findings = finding("ip_change", 1.0), finding("impossible_travel", 0.8), finding("new_device", 0.1)
    tally.count(FRAUD_ALERTS, alert("critical", *findings), at_s=2.0)
    newest = tally.latest[0]
    assert (newest.kind, newest.tier, newest.what) == ("fraud", "critical", "1,240.00 USD")
    assert newest.reasons == ("because of impossible_travel", "because of ip_change", "because of new_device")


def test_a_login_alert_has_no_amount(tally: Tally) -> None:
    tally.count(FRAUD_ALERTS, alert("high", finding("login_velocity", 1.0), amount=None), at_s=1.0)
    assert tally.latest[0].what == "login"


def test_a_user_is_listed_once_with_the_latest_alert_and_how_many_there_were(tally: Tally) -> None:
    for user, tier in (("u-1", "high"), ("u-2", "high"), ("u-1", "critical")):
        tally.count(FRAUD_ALERTS, alert(tier, user=user), at_s=1.0)
    assert [(seen.whom, seen.tier, seen.times) for seen in tally.latest] == [
        ("u-1", "critical", 2),
        ("u-2", "high", 1),
    ]


def test_a_takeover_is_listed_beside_the_users_fraud_with_its_reasons_by_what_they_added(tally: Tally) -> None:
    life = settled().waits(days=1).moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    life.visits(900.0, change=("email",))
    told = [alerts.ato_alert(each, life.behavior, settings_version="v") for each in life.takeovers if each.alerted]
    tally.count(FRAUD_ALERTS, alert("high", user="user"), at_s=1.0)
    for each in told:
        tally.count(ATO_ALERTS, alerts.encode(each), at_s=2.0)
    assert [(seen.kind, seen.what, seen.times) for seen in tally.latest] == [
        ("takeover", "900.00 USD", 2),
        ("fraud", "1,240.00 USD", 1),
    ]
    assert tally.latest[0].reasons[0].startswith("A stranger changed email")
    assert tally.alerts_by_topic == {FRAUD_ALERTS: 1, ATO_ALERTS: 2}
    assert tally.alerts_by_tier.total() == 3
    assert tally.alerts_by_rule["change"] == 2
    tally.count(ATO_ALERTS, alerts.encode(told[0]), at_s=3.0)
    assert tally.latest[0].what == "profile change"


def test_a_circle_is_listed_with_the_tier_it_had_and_why_it_has_another(tally: Tally) -> None:
    life = Life(5).goes_round()
    life.leaves("m0")
    life.goes_on(2)
    for change in life.changes:
        told = alerts.tier_change(change, CIRCLE_LIMITS, settings_version="v")
        tally.count(TIER_CHANGES, alerts.encode(told), at_s=1.0)
    (seen,) = tally.latest
    assert (seen.kind, seen.tier, seen.what, seen.whom, seen.times) == ("circle", "at-risk", "was watch", "sol", 2)
    assert "1 member took the pot and left, owing up to 80% of the rounds" in seen.reasons
    assert tally.alerts_by_tier == {"watch": 1, "at-risk": 1}
    assert tally.alerts_by_rule["left_after_payout"] == 2


def compliance_alert(user: str) -> bytes:
    return alerts.encode(
        alerts.ComplianceAlert(
            alert_id="00000000-0000-5000-8000-000000000000",
            revision=1,
            status="open",
            user_id=user,
            rule="rapid_movement",
            regulation="31 CFR 1022.320",
            window="2026-03-02",
            confidence=0.9,
            recommendation="file_sar",
            basis=None,
            reason="95% of what came in left within 3 hours",
            evidence=alerts.ComplianceEvidence(movements=(), pairs=(), signals=(), values={}, truncated=False),
            totals=alerts.ComplianceTotals(movements=2, in_minor=1, out_minor=1, cash_in_minor=0, cash_out_minor=0),
            since="2026-03-02T14:30:00.000Z",
            until="2026-03-02T17:30:00.000Z",
            business_day="2026-03-02",
            occurred_at="2026-03-02T17:30:00.000Z",
            detected_at="2026-03-02T17:30:00.000Z",
            due_date=None,
            settings_version="v",
        )
    )


def test_compliance_is_listed_with_rule_and_reason_and_without_what_is_recommended(tally: Tally) -> None:
    tally.count(COMPLIANCE_ALERTS, compliance_alert("u-1"), at_s=1.0)
    (seen,) = tally.latest
    assert (seen.kind, seen.tier, seen.what, seen.whom) == ("compliance", "open", "rapid movement", "u-1")
    assert seen.reasons == ("95% of what came in left within 3 hours",)
    assert "sar" not in repr(seen)
    assert tally.alerts_by_rule == {"rapid_movement": 1}
    assert not tally.alerts_by_tier


def test_a_due_diligence_is_listed_without_the_reports_that_were_recommended(tally: Tally) -> None:
    trigger = alerts.EddTrigger(
        trigger_id="00000000-0000-5000-8000-000000000000",
        user_id="u-1",
        event_id="e-1",
        occurred_at="2026-03-02T17:30:00.000Z",
        risk_score=0.7,
        risk_level="high",
        previous_level="low",
        factors=(alerts.RiskFactor(factor="sar", value=1.0, weight=0.5, reason="1 times a report was recommended"),),
        required=(),
        list_date="2026-02-13",
        settings_version="v",
    )
    tally.count(EDD_TRIGGERS, alerts.encode(trigger), at_s=1.0)
    (seen,) = tally.latest
    assert (seen.kind, seen.tier, seen.what) == ("diligence", "high", "was low")
    assert seen.reasons == ("The customer's risk rose to 0.70: enhanced due diligence is due",)
    assert "recommended" not in repr(seen)


def test_the_kind_with_the_most_alerts_leaves_a_line_to_the_others(tally: Tally) -> None:
    tally.count(FRAUD_ALERTS, alert("high"), at_s=1.0)
    for number in range(50):
        tally.count(COMPLIANCE_ALERTS, compliance_alert(f"u-{number}"), at_s=2.0)
    assert [seen.kind for seen in tally.latest[:3]] == ["compliance", "fraud", "compliance"]
    assert [seen.whom for seen in tally.latest if seen.kind == "compliance"][:2] == ["u-49", "u-48"]


def test_the_users_listed_are_bounded_and_the_counts_are_not(tally: Tally) -> None:
    for number in range(KEPT + 1):
        tally.count(FRAUD_ALERTS, alert("high", user=f"u-{number}"), at_s=1.0)
    assert len(tally.latest) == KEPT
    assert tally.latest[0].whom == f"u-{KEPT}"
    assert tally.alerts_by_topic[FRAUD_ALERTS] == KEPT + 1


def test_alerts_of_another_topic_count_by_topic_whatever_they_hold(tally: Tally) -> None:
    tally.count("lakay.newer.alerts", b"{}", at_s=2.0)
    assert tally.alerts_by_topic == {"lakay.newer.alerts": 1}
    assert tally.first_alert_s == 2.0


def test_rejects_are_counted(tally: Tally) -> None:
    tally.count(REJECTED, b"{}", at_s=1.0)
    assert tally.rejects == 1


def test_the_rate_is_of_the_last_seconds_and_the_mean_of_first_to_last_commit(tally: Tally) -> None:
    tally.mark(0.0)
    for second in range(10, 21):
        records = 1_000 if second < 15 else 100
        tally.count(JOURNAL, checkpoint(Segment(USERS, 0, records - 1, records)), at_s=second)
        tally.mark(second)
    tally.mark(100.0)
    assert tally.mean_events_per_s == pytest.approx((4 * 1_000 + 6 * 100) / 10)
    assert tally.events_per_s == 0.0


def test_without_events_the_rates_are_zero(tally: Tally) -> None:
    assert tally.events_per_s == tally.mean_events_per_s == 0.0
    tally.mark(1.0)
    tally.mark(2.0)
    assert tally.events_per_s == tally.mean_events_per_s == 0.0
