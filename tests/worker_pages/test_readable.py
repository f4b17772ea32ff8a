"""A state as a person reads it."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.circles.membership import Tally
from lakay_streams.domain.circles.reliability import NEW_MEMBER
from lakay_streams.domain.circles.reliability import observe as observe_member
from lakay_streams.domain.circles.state import NEW_CIRCLE
from lakay_streams.domain.compliance.remittances import CurrencyTotal, RemittanceState
from lakay_streams.domain.events import MemberChanged
from lakay_streams.domain.frozen import Frozen, asdict, astuple
from lakay_streams.domain.known import Known, sighted
from lakay_streams.domain.recent import Recent, push
from lakay_streams.domain.sliding_log import SlidingLog, add, tally
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.worker_pages.readable import iso, money, profile_of, readable
from tests.domain.behavior.life import LAGOS_NETWORK, settled
from tests.domain.circles.life import Life
from tests.domain.story import LAGOS

DAY_MS = 86_400_000


class Nested(Frozen):
    """A state of no known kind."""

    seen: bytes
    updated_at: int | None
    total_minor: int
    currency: str
    rate: Decimal
    rows: tuple[tuple[str, int], ...]


class Bare(Frozen):
    """One without a currency, and without a time yet."""

    total_minor: int = 0
    last_event_at: int | None = None


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
    assert readable(Bare())["last_event_at"] is None


def test_an_amount_without_a_known_currency_stays_in_minor_units() -> None:
    assert readable(Bare(total_minor=500))["total_minor"] == 500


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
    assert shown.keys() == set(UserState.__struct_fields__)
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
    assert profile["clock"] == "at 71.1° west, US"
    assert shown["amounts"]["usual_amount"]["currency"] == "USD"
    assert shown["amounts"]["spread"] > 1.0
    assert shown["devices"]["known"][0]["share_of_sessions"] == 1.0
    assert shown["regions"][0]["share_of_sessions"] == 1.0


def test_a_profile_says_how_sure_it_is_and_from_when_on_it_is_stale() -> None:
    habits = settled().habits
    sure = profile_of(habits, BehaviorLimits())
    assert (sure["profile"], sure["anomalies_count"]) == ("active", "100%")
    assert habits.learned_at is not None
    assert sure["stale_after"] == iso(habits.learned_at + BehaviorLimits().staleness_ms)
    unsure = profile_of(habits, BehaviorLimits(min_sessions_active=62))
    assert (unsure["profile"], unsure["anomalies_count"], unsure["stale_after"]) == ("building", "50%", None)
    assert profile_of(NEW_USER.behavior.habits, BehaviorLimits())["profile"] == "building"


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
    assert [(alert["kind"], alert["tier"]) for alert in profile["alerts"]] == [
        (each.kind, each.risk_tier) for each in life.takeovers if each.alerted
    ]
    assert len(profile["alerts"]) == 2


def test_a_user_nothing_is_known_of_is_shown_as_that() -> None:
    profile = readable(NEW_USER)["behavior"]
    assert (profile["sessions_learned"], profile["since"], profile["clock"]) == (0, None, "New York's")
    assert profile["hours"] == {"sessions": 0, "mean": None, "concentration": 0.0}
    assert profile["session_length"] == {"history": 0}


def test_a_circle_tells_its_tier_why_and_since_when() -> None:
    life = Life(5).goes_round().goes_round(late=["m1"], missed=["m3"])
    life.leaves("m0")
    shown = readable(life.state)
    assert (shown["tier"], shown["tier_since"]) == ("at-risk", "2026-03-28T12:00:00.000Z")
    assert shown["score"] == life.state.standing.score
    assert shown["why"][:2] == [
        "1 of 5 members left",
        "1 member took the pot and left, owing up to 60% of the rounds",
    ]
    assert shown["known_since"] == "2026-03-10T12:00:00.000Z"
    assert shown["contributions_known"] == 10
    assert shown["founding"]["contribution"] == {"amount": "100.00", "currency": "USD"}
    first, second, *_ = shown["members"]
    assert (first["member"], first["left_at"], first["pots"]) == ("m0", "2026-03-28T12:00:00.000Z", 1)
    assert (second["in_time"], second["late"], second["missed"], second["left_at"]) == (1, 1, 0, None)
    assert [row["received"][0]["amount"] for row in shown["rounds"]] == ["500.00", "400.00"]
    assert [(row["in_time"], row["late"], row["missed"]) for row in shown["rounds"]] == [(5, 0, 0), (3, 1, 1)]
    assert shown["pots"][0]["amount"] == {"amount": "500.00", "currency": "USD"}
    assert json.loads(json.dumps(shown)) == shown


def test_a_circle_nothing_is_known_of_is_shown_as_that() -> None:
    shown = readable(NEW_CIRCLE)
    assert (shown["tier"], shown["tier_since"], shown["known_since"], shown["why"]) == (
        "healthy",
        "from the start",
        None,
        [],
    )


def test_a_member_tells_how_reliable_how_sure_and_since_when() -> None:
    def change(number: int, at: int, tally: Tally) -> MemberChanged:
        return MemberChanged(f"e{number}", "member-changed", at, "u", "sol", at, *astuple(tally))

    state = observe_member(NEW_MEMBER, change(1, 1_772_202_600_000, Tally(circles=1, in_time=1)))
    state = observe_member(state, change(2, 1_774_102_600_000, Tally(missed=1)))
    shown = readable(state)
    assert 0.7 < shown["reliability"] < 0.9
    assert shown["contributions"] == 2
    assert (shown["since"], shown["last_at"]) == ("2026-02-27T14:30:00.000Z", "2026-03-21T14:16:40.000Z")
    assert shown["in_all"] == {**asdict(Tally()), "circles": 1, "in_time": 1, "missed": 1}
    assert [row["month"] for row in shown["months"]] == ["2026-02", "2026-03"]
