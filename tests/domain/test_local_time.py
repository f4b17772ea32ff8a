"""The clock at home, against the zone files."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.local_time import DAY_MS, HOUR_MS, Home, clock_text, local_ms, new_york_ms

FIRST = int(datetime(2017, 6, 1, tzinfo=UTC).timestamp() * 1000)
LAST = int(datetime(2037, 12, 31, tzinfo=UTC).timestamp() * 1000)

HOMES = {
    "America/New_York": Home(-71.0589, "US"),
    "America/Toronto": Home(-73.5674, "CA"),
    "America/Port-au-Prince": Home(-72.3074, "HT"),
    "America/Los_Angeles": Home(-118.2437, "US"),
    "America/Nassau": Home(-77.3963, "BS"),
    "Africa/Lagos": Home(3.3792, "NG"),
    "Europe/Berlin": Home(13.405, "DE"),
    "Europe/London": Home(-0.1276, "GB"),
    "Asia/Tokyo": Home(139.6917, "JP"),
}


@pytest.mark.parametrize("zone", HOMES)
@given(at=st.integers(FIRST, LAST))
def test_it_differs_from_the_legal_clock_by_a_constant_and_changes_with_it(zone: str, at: int) -> None:
    """Lagos keeps the hour of Central Africa, one off its longitude's; all others here are exact."""
    offset = datetime.fromtimestamp(at // 1000, tz=ZoneInfo(zone)).utcoffset()
    assert offset is not None
    constant = -HOUR_MS if zone == "Africa/Lagos" else 0
    assert local_ms(at, HOMES[zone]) == at + round(offset.total_seconds() * 1000) + constant


@pytest.mark.parametrize(("month", "day"), [(3, 7), (3, 8), (3, 9), (10, 31), (11, 1), (11, 2)])
def test_eight_in_the_evening_stays_eight_in_the_evening_when_clocks_change(month: int, day: int) -> None:
    at = int(datetime(2026, month, day, 20, tzinfo=ZoneInfo("America/New_York")).timestamp() * 1000)
    assert local_ms(at, HOMES["America/New_York"]) % DAY_MS == 20 * HOUR_MS


@given(st.integers(FIRST, LAST))
def test_without_a_home_it_is_new_yorks(at: int) -> None:
    assert local_ms(at, None) == new_york_ms(at) == local_ms(at, Home(-74.0, "US"))


@pytest.mark.parametrize(("phase", "text"), [(0.0, "00:00"), (0.75, "18:00"), (0.99999, "00:00"), (0.5014, "12:02")])
def test_a_phase_of_the_day_is_shown_as_a_clock(phase: float, text: str) -> None:
    assert clock_text(phase) == text
