"""Circles and members: a circle's event changes the circle where it lives and the member where that one does."""

from __future__ import annotations

from lakay_streams.contracts.topics import MEMBERS, MOVEMENTS
from lakay_streams.domain.circles.reliability import MemberState
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.engine.testing import TopologyDriver
from tests.agents.sending import CIRCLE, JEAN, MARIE, send


def test_a_contribution_is_the_circles_the_members_and_a_movement_of_money(driver: TopologyDriver) -> None:
    send(driver, "circle-created", "2026-01-02T10:00:00Z")
    send(driver, "circle-member-joined", "2026-01-03T10:00:00Z")
    send(driver, "circle-contribution-received", "2026-02-27T10:00:00Z", due_at="2026-03-01T05:00:00Z")
    driver.run()
    assert list(driver.states("circles", CircleState)) == [CIRCLE]
    assert {record.key for record in driver.records(MEMBERS)} == {MARIE.encode()}
    assert [tally.in_time for _, tally in driver.states("members", MemberState)[MARIE].months] == [0, 1]
    assert [record.key for record in driver.records(MOVEMENTS)] == [MARIE.encode()]
    assert list(driver.states("compliance", ComplianceState)) == [MARIE]


def test_a_payout_is_a_movement_of_the_recipient(driver: TopologyDriver) -> None:
    send(driver, "circle-created", "2026-01-02T10:00:00Z")
    send(driver, "circle-payout-executed", "2026-02-27T10:00:00Z")
    driver.run()
    assert [record.key for record in driver.records(MOVEMENTS)] == [JEAN.encode()]
    assert [tally.pots for _, tally in driver.states("members", MemberState)[JEAN].months] == [1]
