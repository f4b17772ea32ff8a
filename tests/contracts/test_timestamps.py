"""Times of any offset become one instant in UTC; a time without an offset is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts import timestamps
from lakay_streams.contracts.timestamps import recorded_at, to_millis, to_text

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30))  # noqa: DTZ001 - the offset is drawn apart


@given(MOMENTS, OFFSETS, st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_any_offset_gives_the_same_instant(moment: datetime, offset: timezone, precision: str) -> None:
    text = moment.replace(tzinfo=offset).isoformat(timespec=precision)
    instant = datetime.fromisoformat(text)
    assert to_millis(text) == (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert to_millis(text) == to_millis(instant.astimezone(UTC).isoformat())


@given(MOMENTS, st.sampled_from("Tt "), st.sampled_from("Zz"), st.integers(0, 12))
def test_case_and_decimals_make_no_difference(moment: datetime, separator: str, zulu: str, decimals: int) -> None:
    text = moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds")[:-6]
    written = text.replace("T", separator) + "9" * decimals + zulu
    assert to_millis(written) == to_millis(text + "Z")


@given(st.one_of(st.text("0123456789-+:.,TtZzW x", max_size=32), st.from_regex(timestamps._SHAPE, fullmatch=True)))
def test_no_text_is_read_as_another_time_by_the_short_way(text: str) -> None:
    try:
        quick = to_millis(text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - the same refusal
            timestamps._any_to_millis(text)
    else:
        assert quick == timestamps._any_to_millis(text)


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
        ("2026-02-27t14:30:00z", 1_772_202_600_000),
        ("2026-02-27t14:30:00.5z", 1_772_202_600_500),
        ("2026-02-27T14:30:00.1Z", 1_772_202_600_100),
        ("2026-02-27T14:30:00." + "123" * 40 + "Z", 1_772_202_600_123),
        ("2026-02-27T14:30:00,25Z", 1_772_202_600_250),
        ("2026-02-27T14:30:00-00:00", 1_772_202_600_000),
        ("2026-02-27 14:30:00.123456+00", 1_772_202_600_123),
        ("2026-02-27T14:30Z", 1_772_202_600_000),
        ("2026-02-27T09:30:00-0500", 1_772_202_600_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_999),
        ("2016-12-31T18:59:60.75-05:00", 1_483_228_799_999),
        ("2017-01-01t05:29:60+05:30", 1_483_228_799_999),
    ],
)
def test_usual_shapes_are_read(text: str, millis: int) -> None:
    assert to_millis(text) == millis


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-27T14:30:00", "no offset"),
        ("2026-02-26", "existing"),
        ("2026-02-27x14:30:00Z", "existing"),
        ("2026-W09-5T14:30:00Z", "existing"),
        ("20260227T143000Z", "existing"),
        ("2026-02-27T14:3000Z", "existing"),
        ("2026-02-27T14:30:00.Z", "existing"),
        ("2026-02-27T24:00:00Z", "existing"),
        ("2026-02-27T14:60:00Z", "existing"),
        ("2026-02-27T14:30:60Z", "existing"),
        ("2026-02-27T23:59:60+01:00", "existing"),
        ("2026-02-27T23:59:61Z", "existing"),
        ("2026-02-27T14:30:00+24:00", "existing"),
        ("2026-02-27T14:30:00+05:60", "existing"),
        ("2026-02-27T14:30:00+05:00:30", "existing"),
        ("２026-02-27T14:30:00Z", "existing"),  # noqa: RUF001 - a full-width digit
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
