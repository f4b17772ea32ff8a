"""The user's record: encoded, bounded, and whole in what it counts."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.events import Place, TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.frozen import astuple
from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.domain.sliding_log import tally
from lakay_streams.domain.user_state import (
    DAYS_KEPT,
    NEW_USER,
    RECORD_BYTES_MAX,
    DayTotal,
    UserState,
    add_to_day,
    day_total,
)
from lakay_streams.domain.users import DEFAULT_LIMITS, decide
from tests.domain.story import DAY, HOUR, NOON, Story

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(UserState).decode

USER_EVENTS = ["login-attempt", "login-success", "login-failed", "session-started", "user-profile-updated"]
USER_EVENTS += ["session-ended", "device-registered", "user-action-performed", "user-registered", "user-verified"]


def well_travelled(random: Random) -> tuple[UserState, int]:
    """A user who is known by as many devices, networks, countries and regions as are kept, all with long names."""
    state, at = NEW_USER, NOON
    for number in range(10):
        device, address = f"{number:040d}", f"{number:045d}"
        place = Place(-80.0 + 15.0 * number, -170.0 + 33.3 * number, f"{chr(65 + number)}X")
        for kind in ("login-success", "session-started", "transaction-initiated", "session-ended"):
            at += HOUR
            event_id = f"{at:040d}"
            event: TransactionInitiated | UserEvent
            if kind == "transaction-initiated":
                event = TransactionInitiated(
                    event_id, kind, at, "u", f"t-{number}", 10**12, "USD", "transfer", None, device, address, place
                )
            else:
                event = UserEvent(event_id, kind, at, "u", f"{number}", device, address, place, None, (), 300, 12)
            state = decide(state, event, DEFAULT_LIMITS, DEFAULT_RATES).state
        at += random.randrange(36 * HOUR, 40 * DAY)
    return state, at


def hammered(random: Random, events: int, gap_ms: int, id_length: int, most: int) -> tuple[UserState, list[int]]:
    """A well-travelled user whose events come fast, late, from everywhere, with the longest ids; and record sizes."""
    state, at = well_travelled(random)
    sizes = []
    usual = [(f"{random.randbytes(20).hex()}", f"{random.randbytes(23).hex()}") for _ in range(5)]
    for number in range(events):
        at += random.randrange(2 * gap_ms)
        moment = at - random.randrange(20 * HOUR) if random.random() < 0.05 else at
        place = Place(random.uniform(-90, 90), random.uniform(-180, 180), random.choice(["US", "HT", "CA", "FR"]))
        event_id = f"{number:036d}".ljust(id_length, "x")
        device, address = (
            chr(0x1F4F1) * 20 + random.randbytes(8).hex(),
            f"{random.randbytes(8).hex(':', 2)}::{number:x}",
        )
        if random.random() < 0.5:
            device, address = random.choice(usual)
            place = Place(random.choice((0.0, 40.0)), 0.0, "ZZ")
        event: TransactionInitiated | TransactionUpdated | UserEvent
        kind = random.random()
        if kind < 0.8:
            amount = random.randrange(most)
            event = TransactionInitiated(
                event_id,
                "transaction-initiated",
                moment,
                "u",
                f"t-{number}",
                amount,
                "USD",
                "transfer",
                "r",
                device,
                address,
                place,
            )
        elif kind < 0.85:
            event = TransactionUpdated(event_id, "transaction-failed", moment, "u", f"t-{number - random.randrange(3)}")
        else:
            fields = ("email", "phone", "password", "pin", "mfa", "bank_account", "payout_account")
            event = UserEvent(
                event_id, random.choice(USER_EVENTS), moment, "u", "s", device, address, place, None, fields
            )
        state = decide(state, event, DEFAULT_LIMITS, DEFAULT_RATES, random.randbytes(1024)).state
        if number % 100 == 99:
            sizes.append(len(encode(state)))
    return state, sizes


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 20_000, 50_000, 400_000]),
    st.sampled_from([36, 40, 128]),
    st.sampled_from([10**4, 10**17]),
)
def test_a_record_stays_within_its_bound_whatever_the_user_does(seed: int, gap: int, id_length: int, most: int) -> None:
    state, sizes = hammered(Random(seed), 2_000, gap, id_length, most)
    assert max(sizes) < RECORD_BYTES_MAX
    assert decode(encode(state)) == state


def test_the_worst_of_it_is_tried() -> None:
    """The bound is tight: with long ids, large amounts and a full day of minutes the record comes near it."""
    _, sizes = hammered(Random(1), 4_000, 45_000, 40, 10**17)
    assert RECORD_BYTES_MAX / 2 < max(sizes) < RECORD_BYTES_MAX


def test_an_ordinary_record_is_small() -> None:
    assert len(encode(Story().settles_in(100).state)) < 2_048


def test_a_state_with_everything_in_it_survives_the_round_trip() -> None:
    story = Story().settles_in()
    for _ in range(7):
        story.logs_in("login-failed")
    story.is_declined()
    story.does("user-profile-updated", changed_fields=("email",))
    story.place = Place(6.5244, 3.3792, "NG")
    state = story.pays(100).state
    assert None not in astuple(state)
    assert decode(encode(state)) == state


def test_a_record_of_an_older_version_decodes_with_the_defaults_of_what_it_lacks() -> None:
    state = Story().settles_in().state
    known, new = astuple(state), astuple(NEW_USER)
    for fields in range(len(known)):
        assert decode(encode(known[:fields])) == UserState(*known[:fields], *new[fields:])


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 10**6)), max_size=60))
def test_day_totals_equal_the_whole_historys(entries: list[tuple[int, int]]) -> None:
    days: tuple[DayTotal, ...] = ()
    newest, counted = -1, list[tuple[int, int]]()
    for day, amount in entries:
        days = add_to_day(days, day, amount)
        newest = max(newest, day)
        counted.append((day, amount))
    assert [day for day, _, _ in days] == sorted({day for day, _ in entries})[-DAYS_KEPT:]
    for day, count, total in days[-1:]:
        assert (count, total) == (
            sum(1 for each, _ in counted if each == day),
            sum(amount for each, amount in counted if each == day),
        )
    assert day_total(days, 99) == 0


@pytest.mark.parametrize("seed", range(5))
def test_late_and_unordered_transactions_count_in_the_windows_and_days_they_belong_to(seed: int) -> None:
    random, story = Random(seed), Story()
    clock, history = NOON, list[tuple[int, int]]()
    for number in range(120):
        clock += random.randrange(HOUR)
        story.at = clock - random.choice([0, 0, 1, HOUR, 5 * HOUR, 20 * HOUR])
        # Of what lies a day behind the newest event before this one, nothing is kept.
        kept = max((at for at, _ in history), default=0) - DAY
        history.append((story.at, 100 * number))
        features = story.pays(number).features
        hour = [at for at, _ in history if max(kept, story.at - HOUR) < at <= story.at]
        day = [amount for at, amount in history if max(kept, story.at - DAY) < at <= story.at]
        today = [amount for at, amount in history if business_day(at) == business_day(story.at)]
        assert features["transactions_1h"] == len(hour)
        assert features["amount_24h_usd"] == sum(day) / 100
        assert features["amount_day_usd"] == sum(today) / 100
    newest = max(at for at, _ in history)
    assert tally(story.state.transactions, newest - DAY, newest)[0] == sum(at > newest - DAY for at, _ in history)
