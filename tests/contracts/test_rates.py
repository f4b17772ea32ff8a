"""The rates that workers tell each other, as they travel."""

from __future__ import annotations

from decimal import Decimal

import orjson

from lakay_streams.contracts import rates
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.events import ExchangeRateUpdated
from lakay_streams.domain.money import DEFAULT_RATES, QUOTES_KEPT, to_usd_minor
from tables.rates import RateState, observed

NOON = to_millis("2026-03-10T12:00:00Z")
HOUR_MS = 3_600_000


def update(rate: str, at: int) -> ExchangeRateUpdated:
    return ExchangeRateUpdated(f"e-{at}", "exchange-rate-updated", at, "USD", "HTG", Decimal(rate))


def told(*updates: ExchangeRateUpdated) -> bytes:
    """The last record of the pair, which is all that a compacted topic keeps."""
    state = RateState()
    for event in updates:
        state = observed(state, str(event.rate), event.occurred_at, b"")
    return rates.encode(updates[-1], state.history)


def test_the_last_record_of_a_pair_has_what_was_told_before_it() -> None:
    known = rates.fold(DEFAULT_RATES, told(update("125", NOON), update("100", NOON + HOUR_MS)))
    assert to_usd_minor(100_00, "HTG", known, NOON) == 80
    assert to_usd_minor(100_00, "HTG", known, NOON + HOUR_MS) == 100


def test_a_late_update_does_not_set_the_rate_back_and_is_known_for_its_time() -> None:
    value = told(update("100", NOON + HOUR_MS), update("125", NOON))
    assert orjson.loads(value)["rate"] == "100"
    known = rates.fold(DEFAULT_RATES, value)
    assert to_usd_minor(100_00, "HTG", known, NOON) == 80
    assert to_usd_minor(100_00, "HTG", known, NOON + HOUR_MS) == 100


def test_a_pairs_history_is_bounded() -> None:
    state = RateState()
    for hour in range(QUOTES_KEPT + 10):
        state = observed(state, str(100 + hour), NOON + hour * HOUR_MS, b"seen")
    assert len(state.history) == QUOTES_KEPT
    assert (state.rate, state.effective_at, state.seen) == (str(109 + QUOTES_KEPT), state.history[-1][0], b"seen")


def test_records_and_states_without_a_history_are_read_too() -> None:
    value = orjson.loads(told(update("125", NOON)))
    del value["history"]
    assert to_usd_minor(100_00, "HTG", rates.fold(DEFAULT_RATES, orjson.dumps(value)), NOON) == 80
    assert observed(RateState(b"", "125", NOON), "100", NOON + HOUR_MS, b"").history[0] == (NOON, "125")


def test_a_tombstone_changes_nothing() -> None:
    assert rates.fold(DEFAULT_RATES, None) is DEFAULT_RATES


def test_a_rate_that_is_held_after_all_is_gone_for_workers_that_had_it_and_for_those_that_come_later() -> None:
    """100, then 190 is taken; 80 told late between them holds it. A compacted topic has the last record alone."""
    first, late = update("190", NOON + 2 * HOUR_MS), update("80", NOON + HOUR_MS)
    before, after = told(update("100", NOON), first), told(update("100", NOON), first, late)
    had, comes = rates.fold(rates.fold(DEFAULT_RATES, before), after), rates.fold(DEFAULT_RATES, after)
    assert had == comes
    assert to_usd_minor(100_00, "HTG", had, NOON + 3 * HOUR_MS) == 125


def test_the_two_ways_to_tell_a_pair_do_not_undo_each_other() -> None:
    other = ExchangeRateUpdated("e", "exchange-rate-updated", NOON, "HTG", "USD", Decimal("0.008"))
    one, two = told(update("100", NOON + HOUR_MS)), rates.encode(other, ((NOON, "0.008"),))
    known = rates.fold(rates.fold(DEFAULT_RATES, one), two)
    assert known == rates.fold(rates.fold(DEFAULT_RATES, two), one)
    assert to_usd_minor(100_00, "HTG", known, NOON) == 80
    assert to_usd_minor(100_00, "HTG", known, NOON + HOUR_MS) == 100
