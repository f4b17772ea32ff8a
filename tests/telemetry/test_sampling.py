"""Sampling: every HIGH and CRITICAL line, and so many of the others a second."""

from __future__ import annotations

import pytest

from lakay_streams.telemetry.sampling import ScoredSampling


def test_low_and_medium_share_a_budget_per_second_and_high_and_critical_are_always_logged() -> None:
    now = [100.0]
    sampling = ScoredSampling(3, clock=lambda: now[0])
    assert [sampling.wants(tier) for tier in ("low", "medium", "low", "medium", "low")] == [True] * 3 + [False] * 2
    assert [sampling.wants(tier) for tier in ("high", "critical")] == [True, True]
    assert sampling.dropped == 2
    now[0] += 0.999
    assert not sampling.wants("low")
    now[0] += 0.001
    assert sampling.wants("low")


@pytest.mark.parametrize(("per_second", "logged_in_ten_seconds"), [(0, 0), (0.5, 5), (2, 20)])
def test_any_rate_is_kept(per_second: float, logged_in_ten_seconds: int) -> None:
    now = [0.0]
    sampling = ScoredSampling(per_second, clock=lambda: now[0])
    wanted = 0
    for _ in range(100):
        wanted += sampling.wants("low")
        now[0] = round(now[0] + 0.1, 6)
    assert wanted == logged_in_ten_seconds
