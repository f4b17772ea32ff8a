"""A state as a person reads it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.compliance.remittances import CurrencyTotal, RemittanceState
from lakay_streams.domain.known import Known, sighted
from lakay_streams.domain.recent import Recent, push
from lakay_streams.domain.sliding_log import SlidingLog, add, tally
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.web.readable import iso, money, readable
from tests.domain.behavior.life import LAGOS_NETWORK, settled
from tests.domain.story import LAGOS

DAY_MS = 86_400_000


class Nested(NamedTuple):
    """A state of no known kind."""

    seen: bytes
    updated_at: int | None
    total_minor: int
    currency: str
    rate: Decimal
    rows: tuple[tuple[str, int], ...]


def test_fields_are_shown_by_the_conventions_of_their_names() -> None:
    state = Nested(b"12345678" * 3, 1_772_202_600_000, 124_000, "USD", Decimal("131.25"), (("a", 1),))
    assert readable(state) == {
        "seen": {"hashes": 3},
        "updated_at": "2026-02-27T14:30:00.000Z",
        "total_amount": {"amount": "1240.00", "currency": "USD"},
        "currency": "USD",
        "rate": "131.25",
        "rows": [["a", 1]],
    }


def test_no_time_is_no_time() -> None:
    assert readable(CircleState())["last_event_at"] is None


def test_an_amount_without_a_known_currency_stays_in_minor_units() -> None:
    assert readable(CircleState(contributed_minor=500))["contributed_minor"] == 500


def test_a_currency_has_its_own_digits() -> None:
    assert money(1_240, "JPY") == {"amount": "1240", "currency": "JPY"}
    assert money(1_240, "KWD") == {"amount": "1.240", "currency": "KWD"}
    total = readable(RemittanceState(totals=(CurrencyTotal("HTG", 1, 13_100),)))["totals"][0]
    assert total["initiated_amount"] == {"amount": "131.00", "currency": "HTG"}


def test_a_time_no_calendar_holds_stays_a_number() -> None:
    assert iso(10**17) == 10**17
    assert iso(-1) == "1969-12-31T23:59:59.999Z"


def test_an_integer_that_json_readers_would_round_is_text() -> None:
    assert readable((2**53, 2**53 - 1)) == [str(2**53), 2**53 - 1]


@given(st.lists(st.tuples(st.integers(0, DAY_MS), st.integers(1, 10**9)), max_size=400))
def test_a_log_shows_every_entry_it_counts(entries: list[tuple[int, int]]) -> None:
    log = SlidingLog()
    for number, (at, amount) in enumerate(entries):
        log = add(log, at, amount, f"event-{number}")
    count, amount = tally(log, -1, DAY_MS)
    shown = readable(log)
    assert shown["last_24_h"] == count
    assert shown["amount"] == money(amount, "USD")
    assert len(shown["entries"]) + sum(row["transactions"] for row in shown["older"]) == count


def test_the_first_device_was_known_from_the_start() -> None:
    known = sighted(sighted(Known(), "phone", DAY_MS, DAY_MS, 0.15), "tablet", 2 * DAY_MS, 2 * DAY_MS, 0.15)
    assert [row["first_seen"] for row in readable(known)["known"]] == ["from the start", "1970-01-03T00:00:00.000Z"]


def test_recent_events_are_named_as_far_as_they_are_kept() -> None:
    recent = push(push(Recent(), 1_000, "a"), 2_000, "x" * 41)
    assert readable(recent) == {
        "kept": 2,
        "newest": "1970-01-01T00:00:02.000Z",
        "events": [
            {"at": "1970-01-01T00:00:01.000Z", "event_id": "a"},
            {"at": "1970-01-01T00:00:02.000Z", "event_id": None},
        ],
    }


def test_every_field_of_a_user_is_shown_and_json_holds_it() -> None:
    shown = readable(NEW_USER)
    assert shown.keys() == set(UserState._fields)
    assert json.loads(json.dumps(shown)) == shown


def test_a_profile_tells_what_is_known_how_sure_and_since_when() -> None:
    shown = readable(settled().state)
    profile = shown["behavior"]
    assert profile["sessions_learned"] == 31
    assert profile["since"] == "2026-03-11T01:04:27.126Z"
    assert profile["hours"]["mean"] == "20:09"
    assert profile["hours"]["concentration"] > 20
    assert profile["weekdays"]["sessions"] == 31
    assert profile["session_length"]["usual_seconds"] in range(120, 260)
    assert profile["actions_per_session"]["usual_actions"] in (2, 3)
    assert profile["logins_that_succeed"] == 1.0
    assert profile["clock"] == "at -71.1° east, US"
    assert shown["amounts"]["usual_amount"]["currency"] == "USD"
    assert shown["amounts"]["spread"] > 1.0
    assert shown["devices"]["known"][0]["share_of_sessions"] == 1.0
    assert shown["regions"][0]["share_of_sessions"] == 1.0


def test_a_suspected_session_is_shown_as_what_it_is() -> None:
    life = settled().waits(days=1).moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    life.visits(900.0, change=("email",))
    profile = readable(life.state)["behavior"]
    (held,) = profile["held"]
    assert (held["device"], held["country"], held["suspected"], held["strangeness"]) == (
        "thief's telephone",
        "NG",
        True,
        1.0,
    )
    assert [alert["kind"] for alert in profile["alerts"]] == ["takeover_profile_change", "takeover_transfer"]


def test_a_user_nothing_is_known_of_is_shown_as_that() -> None:
    profile = readable(NEW_USER)["behavior"]
    assert (profile["sessions_learned"], profile["since"], profile["clock"]) == (0, None, "New York's")
    assert profile["hours"] == {"sessions": 0, "mean": None, "concentration": 0.0}
    assert profile["session_length"] == {"history": 0}
