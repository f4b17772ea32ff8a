"""Business days in New York, against the zone files."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lakay_streams.domain.business_day import ZONES, business_day, day_start, iso_day

NEW_YORK = ZoneInfo("America/New_York")
FIRST = int(datetime(2007, 3, 1, tzinfo=UTC).timestamp() * 1000)
LAST = int(datetime(2037, 12, 31, tzinfo=UTC).timestamp() * 1000)
HAITI_AGAIN = int(datetime(2017, 3, 1, tzinfo=UTC).timestamp() * 1000)
"""Haiti kept winter time in 2016, and has changed its clocks as New York does since."""
SPRING = int(datetime(2026, 3, 9, 4, tzinfo=UTC).timestamp() * 1000)
AUTUMN = int(datetime(2026, 11, 1, 5, tzinfo=UTC).timestamp() * 1000)
NEW_YEAR = int(datetime(2028, 1, 1, 5, tzinfo=UTC).timestamp() * 1000)


@given(st.integers(FIRST, LAST))
@example(SPRING)
@example(SPRING - 1)
@example(AUTUMN)
@example(AUTUMN - 3_600_000)
@example(NEW_YEAR)
@example(NEW_YEAR - 1)
def test_it_is_the_calendar_day_of_new_york(occurred_at: int) -> None:
    local = datetime.fromtimestamp(occurred_at // 1000, tz=NEW_YORK)
    assert iso_day(business_day(occurred_at)) == local.date().isoformat()


@given(st.integers(2007, 2037), st.integers(-1, 1), st.sampled_from([(3, 8), (11, 1)]))
def test_the_days_of_the_clock_change_are_right_to_the_hour(year: int, ms: int, earliest: tuple[int, int]) -> None:
    for day in range(7):
        for hour in range(24):
            at = int(datetime(year, earliest[0], earliest[1] + day, hour, tzinfo=UTC).timestamp() * 1000) + ms
            local = datetime.fromtimestamp(at / 1000, tz=NEW_YORK)
            assert iso_day(business_day(at)) == local.date().isoformat()


@given(st.integers(FIRST, LAST))
@example(SPRING)
@example(AUTUMN)
def test_a_day_begins_at_its_first_instant(occurred_at: int) -> None:
    day = business_day(occurred_at)
    assert day_start(day) <= occurred_at < day_start(day + 1)
    assert (business_day(day_start(day)), business_day(day_start(day) - 1)) == (day, day - 1)


@pytest.mark.parametrize("name", ZONES)
@given(st.integers(HAITI_AGAIN, LAST))
@example(SPRING)
@example(AUTUMN)
def test_so_it_is_in_every_zone_that_can_be_set(name: str, occurred_at: int) -> None:
    zone, day = ZONES[name], business_day(occurred_at, ZONES[name])
    local = datetime.fromtimestamp(occurred_at // 1000, tz=ZoneInfo(name))
    assert iso_day(day) == local.date().isoformat()
    assert business_day(day_start(day, zone), zone) == day
    assert business_day(day_start(day, zone) - 1, zone) == day - 1
