"""Every takeover alert says why, in plain words, with its evidence and with what would have been different."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lakay_streams.domain import frozen
from lakay_streams.domain.behavior.anomaly import Anomaly, anomaly_score
from lakay_streams.domain.behavior.decide import HIGH, Takeover, combined, severity_of
from lakay_streams.domain.behavior.explain import decisive, findings_of
from lakay_streams.domain.behavior.limits import DEFAULT_LIMITS
from lakay_streams.domain.behavior.sequence import Steps
from lakay_streams.domain.frozen import asdict
from tests.domain.behavior.life import HOME_NETWORK, HOTEL_NETWORK, LAGOS_NETWORK, Life, settled
from tests.domain.story import BOSTON, LAGOS, MIAMI, PORT_AU_PRINCE

EVERY_RULE = {f"unusual_{dimension}" for dimension in Anomaly.__struct_fields__} | set(Steps.__struct_fields__)


def stolen() -> Life:
    life = settled().waits(days=1, hours=7).moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    life.mistypes(6).visits(4_000.0, actions=400, change=("email", "payout_account"))
    return life


def travelled_impossibly() -> Life:
    life = settled()
    life.visits()
    life.waits(minutes=40).moves_to(PORT_AU_PRINCE, HOTEL_NETWORK)
    life.visits(500.0)
    return life


def swapped() -> Life:
    life = settled().waits(days=1).moves_to(BOSTON, HOTEL_NETWORK, "another SIM card")
    life.visits(500.0, change=("password",))
    return life


def lost_in_miami() -> Life:
    life = settled().waits(days=1).moves_to(MIAMI, HOTEL_NETWORK, "bought in Miami")
    life.visits(150.0)
    return life


LIVES = {each.__name__: each for each in (stolen, travelled_impossibly, swapped, lost_in_miami)}
judgements = pytest.mark.parametrize(
    "takeover",
    [each for life in LIVES.values() for each in life().takeovers],
    ids=lambda takeover: f"{takeover.kind} {takeover.score:.2f}",
)


def test_every_step_and_dimension_is_found_in_some_life() -> None:
    found = {f.rule for life in LIVES.values() for each in life().takeovers for f in findings_of(each, DEFAULT_LIMITS)}
    assert found == EVERY_RULE


@judgements
def test_findings_are_complete_bounded_and_plain(takeover: Takeover) -> None:
    for finding in findings_of(takeover, DEFAULT_LIMITS):
        assert finding.rule in EVERY_RULE
        assert 0.0 < finding.score <= 1.0
        assert finding.reason
        assert finding.otherwise.endswith(", no finding")
        assert finding.evidence
        assert json.loads(json.dumps(finding.evidence)) == finding.evidence, "evidence is plain JSON"
        assert not any(value is None for value in finding.evidence.values())
        assert finding.event_ids[-1] == takeover.event.event_id
        assert len(set(finding.event_ids)) == len(finding.event_ids)


@judgements
def test_findings_are_exactly_what_counted(takeover: Takeover) -> None:
    found = {finding.rule for finding in findings_of(takeover, DEFAULT_LIMITS)}
    counted = {f"unusual_{name}" for name, value in asdict(takeover.anomaly).items() if value}
    counted |= {name for name, value in asdict(takeover.steps).items() if value}
    assert found == counted


@judgements
def test_what_would_have_prevented_the_alert_is_true(takeover: Takeover) -> None:
    told = decisive(takeover, DEFAULT_LIMITS)
    for finding in findings_of(takeover, DEFAULT_LIMITS):
        anomaly, steps = takeover.anomaly, takeover.steps
        if finding.rule in steps.__struct_fields__:
            steps = frozen.replace(steps, **{finding.rule: 0.0})
        else:
            anomaly = frozen.replace(anomaly, **{finding.rule.removeprefix("unusual_"): 0.0})
        far = anomaly_score(anomaly, takeover.state.behavior.habits, DEFAULT_LIMITS)
        prevented = severity_of(combined(far, steps, takeover.session.signs.strangeness), DEFAULT_LIMITS) < HIGH
        assert (finding.otherwise.replace(", no finding", ", no alert") in told) == prevented


def reasons(life: Life) -> dict[str, str]:
    last = [each for each in life.takeovers if each.alerted][-1]
    return {finding.rule: finding.reason for finding in findings_of(last, DEFAULT_LIMITS)}


def test_the_reasons_are_sentences_an_operator_understands() -> None:
    told = reasons(stolen())
    assert told["guessing"] == "6 logins of a stranger were refused within 1.1 minutes before"
    assert told["change"].startswith("A stranger changed email, payout_account ")
    assert told["transfer"] == "A stranger sends the user's money away"
    assert told["unusual_geo"] == "From NG; so far this user acted from US"
    assert told["unusual_device"] == "A device this user is not known by"
    assert told["unusual_temporal"].startswith("At 07:")
    assert told["unusual_amount"].startswith("4000.00 USD is more than the 1")
    assert reasons(travelled_impossibly())["entry"].startswith("Nobody travels 2,64")


def test_the_evidence_names_the_events_that_led_here() -> None:
    takeover = next(each for each in stolen().takeovers if each.steps.transfer)
    ids = {finding.rule: finding.event_ids for finding in findings_of(takeover, DEFAULT_LIMITS)}
    assert len(ids["guessing"]) == len(ids["change"]) == 2
    assert ids["transfer"] == (takeover.event.event_id,)


def test_what_did_not_count_yet_is_no_reason() -> None:
    """Nothing is usual for a user without a single session."""
    life = Life().moves_to(BOSTON, HOME_NETWORK)
    life.does("login-success")
    life.moves_to(LAGOS, LAGOS_NETWORK, "thief").waits(minutes=10).does("login-success")
    found = {finding.rule for finding in findings_of(life.takeovers[-1], DEFAULT_LIMITS)}
    assert found == {"entry"}


def test_the_window_in_force_is_in_the_evidence() -> None:
    limits = replace(DEFAULT_LIMITS, ato_window_ms=3_600_000)
    change = next(each for each in stolen().takeovers if each.steps.change)
    (finding,) = [each for each in findings_of(change, limits) if each.rule == "change"]
    assert finding.evidence["threshold_hours"] == 1.0
