"""Times of any offset become one instant in UTC; a time without an offset is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts.timestamps import recorded_at, to_millis, to_text

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30))  # noqa: DTZ001 - the offset is drawn apart


@given(MOMENTS, OFFSETS, st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_any_offset_gives_the_same_instant(moment: datetime, offset: timezone, precision: str) -> None:
    text = moment.replace(tzinfo=offset).isoformat(timespec=precision)
    instant = datetime.fromisoformat(text)
    assert to_millis(text) == (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert to_millis(text) == to_millis(instant.astimezone(UTC).isoformat())


@given(st.integers(946_684_800_000, 4_133_980_799_999))
def test_milliseconds_survive_the_way_out_and_in(millis: int) -> None:
    assert to_millis(to_text(millis)) == millis


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-02-27T14:30:00Z", 1_772_202_600_000),
        ("2026-02-27T09:30:00-05:00", 1_772_202_600_000),
        ("2026-02-27T14:30:00.123Z", 1_772_202_600_123),
        ("2026-02-27T14:30:00.123999+00:00", 1_772_202_600_123),
        ("2026-02-27T14:30:00.1234567Z", 1_772_202_600_123),
        ("2026-02-28T00:15:00+09:45", 1_772_202_600_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ],
)
def test_usual_shapes_are_read(text: str, millis: int) -> None:
    assert to_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-27T14:30:00", "no offset"),
        ("2026-02-27", "no offset"),
        ("2026-02-30T00:00:00Z", "existing"),
        ("2026-13-01T00:00:00Z", "existing"),
        ("2026-02-27T24:30:00Z", "existing"),
        ("2025-02-29T00:00:00Z", "existing"),
        ("9999-12-31T23:59:59Z", "years 2000 to 2100"),
        ("9999-12-31T23:59:59-23:59", "years 2000 to 2100"),
        ("0001-01-01T00:00:00+23:59", "years 2000 to 2100"),
        ("1999-12-31T23:59:59Z", "years 2000 to 2100"),
        ("2101-01-01T00:00:00Z", "years 2000 to 2100"),
        ("1772202600", "existing"),
        ("yesterday", "existing"),
        ("", "existing"),
        ("2026-02-27T14:30:00Z ", "existing"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        to_millis(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("timestamp", [None, -1, 1 << 42, 2**63 - 1])
def test_a_record_that_no_clock_has_dated_has_no_time(timestamp: int | None) -> None:
    assert recorded_at(timestamp) is None


def test_a_record_has_the_time_that_kafka_gave_it() -> None:
    assert recorded_at(0) == "1970-01-01T00:00:00.000Z"
    assert recorded_at(1_772_202_600_123) == "2026-02-27T14:30:00.123Z"
