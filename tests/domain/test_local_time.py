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


SOUTH_AND_EXCEPTIONS = {
    "America/Santiago": Home(-70.6693, "CL", -33.4489),
    "America/Punta_Arenas": Home(-70.9167, "CL", -53.15),
    "America/Asuncion": Home(-57.6359, "PY", -25.3007),
    "America/Sao_Paulo": Home(-46.6333, "BR", -23.5505),
    "America/Argentina/Buenos_Aires": Home(-58.3816, "AR", -34.6037),
    "Australia/Sydney": Home(151.2093, "AU", -33.8688),
    "Australia/Melbourne": Home(144.9631, "AU", -37.8136),
    "Australia/Brisbane": Home(153.0251, "AU", -27.4698),
    "Australia/Darwin": Home(130.8456, "AU", -12.4634),
    "Australia/Adelaide": Home(138.6007, "AU", -34.9285),
    "Australia/Perth": Home(115.8605, "AU", -31.9505),
    "Pacific/Auckland": Home(174.7633, "NZ", -36.8485),
    "America/Santo_Domingo": Home(-69.9312, "DO", 18.4861),
    "America/Mexico_City": Home(-99.1332, "MX", 19.4326),
    "America/Phoenix": Home(-112.074, "US", 33.4484),
    "Pacific/Honolulu": Home(-157.8583, "US", 21.3069),
    "America/Puerto_Rico": Home(-66.1057, "US", 18.4655),
    "America/Regina": Home(-104.6189, "CA", 50.4452),
    "America/Denver": Home(-104.9903, "US", 39.7392),
    "Europe/Paris": Home(2.3522, "FR", 48.8566),
    "America/Guadeloupe": Home(-61.5331, "FR", 16.265),
    "Atlantic/Azores": Home(-25.6687, "PT", 37.7412),
}
SINCE = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Mexico and Chile have had other rules before."""


@pytest.mark.parametrize("zone", SOUTH_AND_EXCEPTIONS)
def test_it_keeps_its_distance_from_the_legal_clock_all_year_round(zone: str) -> None:
    """Each quarter of an hour around each change that the zone files know, and every third day of the years between."""
    home, info = SOUTH_AND_EXCEPTIONS[zone], ZoneInfo(zone)

    def off(at: int) -> int:
        offset = datetime.fromtimestamp(at // 1000, tz=info).utcoffset()
        assert offset is not None
        return local_ms(at, home) - at - round(offset.total_seconds() * 1000)

    days = range(SINCE, LAST, 3 * DAY_MS)
    assert len({off(at) for at in days}) == 1
    changes = [at for at in range(SINCE, LAST, DAY_MS) if _offset(info, at) != _offset(info, at + DAY_MS)]
    wrong = [at for change in changes for at in range(change, change + DAY_MS, HOUR_MS // 4) if off(at) != off(SINCE)]
    # where the clock does not stand by whole hours of the longitude, it changes by so much earlier or later
    assert len(wrong) * HOUR_MS // 4 <= len(changes) * abs(off(SINCE))


def _offset(info: ZoneInfo, at: int) -> object:
    return datetime.fromtimestamp(at // 1000, tz=info).utcoffset()


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
