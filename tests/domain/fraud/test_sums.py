"""What fraud adds up: each transaction once, and nothing that was declined, in whatever order it is told."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.decision import Decision
from lakay_streams.domain.events import TransactionInitiated, TransactionUpdated
from lakay_streams.domain.fraud.decide import decide
from lakay_streams.domain.fraud.limits import DAY_MS, DEFAULT_LIMITS, HOUR_MS
from lakay_streams.domain.money import Dollars
from lakay_streams.domain.sliding_log import EXACT_ENTRIES
from lakay_streams.domain.user_state import DECLINED_KEPT, NEW_USER, UserState
from tests.domain.story import NOON

Told = TransactionInitiated | TransactionUpdated
EVENING = NOON + 6 * HOUR_MS


def asks(number: int, usd: int, at: int = NOON, event: str = "", kind: str = "transfer") -> TransactionInitiated:
    return TransactionInitiated(
        f"a-{number}{event}", "transaction-initiated", at, "u", f"t-{number}", usd * 100, "USD", kind
    )


def outcome(number: int, what: str, at: int, event: str = "") -> TransactionUpdated:
    return TransactionUpdated(f"{what}-{number}-{at}{event}", f"transaction-{what}", at, "u", f"t-{number}")


def decided(state: UserState, event: Told) -> Decision[UserState]:
    """Every amount here is of whole US dollars."""
    worth = Dollars(event.amount_minor) if isinstance(event, TransactionInitiated) else None
    return decide(state, event, DEFAULT_LIMITS, worth)


def after(*told: Told) -> UserState:
    state = NEW_USER
    for event in told:
        state = decided(state, event).state
    return state


def sums(state: UserState, at: int = EVENING) -> tuple[float, float, float]:
    """What a transaction of one dollar sees: dollars of 24 hours and of the day before it, and how many in 24 hours."""
    numbers = decided(state, asks(999_999, 1, at)).features
    return numbers["amount_24h_usd"] - 1, numbers["amount_day_usd"] - 1, len(state.transactions.times)


def test_a_transaction_that_is_told_again_counts_once() -> None:
    assert sums(after(asks(1, 6_000), asks(1, 6_000, event="again"))) == (6_000, 6_000, 1)
    again = decided(after(asks(1, 6_000)), asks(1, 6_000, event="again"))
    assert again.features["amount_24h_usd"] == 6_000
    assert "amount_24h" not in {finding.rule for finding in again.findings}


def test_the_amount_told_last_is_the_one_that_counts() -> None:
    assert sums(after(asks(1, 6_000), asks(1, 5_000, event="corrected"))) == (5_000, 5_000, 1)


def test_what_was_declined_leaves_the_sums_and_stays_among_what_was_asked_for() -> None:
    assert sums(after(asks(1, 6_000), asks(2, 500), outcome(1, "failed", NOON + 1))) == (500, 500, 2)


def test_what_is_completed_after_all_is_in_them_again() -> None:
    told = asks(1, 6_000), outcome(1, "failed", NOON + 1), outcome(1, "completed", NOON + 2)
    assert sums(after(*told)) == (6_000, 6_000, 1)


def test_a_completion_before_the_failure_does_not_undo_it() -> None:
    told = asks(1, 6_000), outcome(1, "failed", NOON + 2), outcome(1, "completed", NOON + 1)
    assert sums(after(*told)) == (0, 0, 1)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_whatever_order_requests_and_failures_are_told_the_sums_are_the_same(order: tuple[int, ...]) -> None:
    told = asks(1, 6_000), outcome(1, "failed", NOON + 1), asks(2, 500, NOON + 2), outcome(2, "failed", NOON + 3)
    assert sums(after(*[told[place] for place in order])) == (0, 0, 2)


def test_a_failure_that_is_told_twice_is_one_failure() -> None:
    state = after(*[outcome(1, "failed", EVENING - n, "again") for n in range(1, 5)])
    assert decided(state, asks(2, 5, EVENING)).features["failed_1h"] == 1


def test_tiny_transactions_that_were_declined_are_still_a_card_being_tried() -> None:
    told: list[Told] = []
    for number in range(DEFAULT_LIMITS.small_txn_count_min - 1):
        told += [asks(number, 1, EVENING - 100 + number), outcome(number, "failed", EVENING - 50 + number)]
    found = decided(after(*told), asks(77, 1, EVENING)).findings
    (testing,) = [finding for finding in found if finding.rule == "card_testing"]
    assert testing.event_ids == ("a-0", "a-1", "a-2", "a-77")


def test_a_script_is_seen_although_all_of_it_is_declined() -> None:
    told: list[Told] = []
    for number in range(DEFAULT_LIMITS.txn_count_1h_max):
        told += [asks(number, 100, EVENING - 100 + number), outcome(number, "failed", EVENING - 50 + number)]
    found = decided(after(*told), asks(77, 100, EVENING))
    assert "transaction_count_1h" in {finding.rule for finding in found.findings}
    assert found.features["amount_24h_usd"] == 100


def test_evidence_names_what_is_in_the_sum_and_says_asked_for() -> None:
    state = after(asks(1, 6_000), asks(2, 6_000), asks(3, 4_000), outcome(2, "failed", NOON + 1))
    found = decided(state, asks(4, 100, EVENING)).findings
    told = {finding.rule: finding for finding in found}
    for rule in ("amount_24h", "ctr_daily"):
        assert told[rule].event_ids == ("a-1", "a-3", "a-4")
        assert told[rule].evidence["evidence_truncated"] is False
        assert "10100.00 USD asked for" in told[rule].reason


def warned(*told: Told) -> bool:
    *before, last = told
    found = decided(after(*before), last).findings
    return "ctr_daily" in {finding.rule for finding in found}


def test_a_warning_looks_at_each_way_apart() -> None:
    """31 CFR 1010.313(b): cash in and cash out are never added up."""
    assert warned(asks(1, 5_000, kind="deposit"), asks(2, 5_000, kind="deposit"))
    assert warned(asks(1, 5_000, kind="withdrawal"), asks(2, 5_000, kind="WITHDRAWAL"))
    assert warned(asks(1, 5_000, kind="withdrawal"), asks(2, 5_000, kind="Cash-Out"))
    assert not warned(asks(1, 5_000, kind="deposit"), asks(2, 5_000, kind="withdrawal"))
    assert not warned(asks(1, 5_000, kind="withdrawal"), asks(2, 5_000, kind="deposit"))


def test_what_was_declined_one_way_leaves_that_way() -> None:
    told = asks(1, 5_000, kind="withdrawal"), asks(2, 5_000, kind="deposit"), outcome(1, "failed", NOON + 1)
    assert not warned(*told, asks(3, 5_000, NOON + 2, kind="withdrawal"))
    assert warned(*told, asks(3, 5_000, NOON + 2, kind="deposit"))


def test_a_transaction_told_again_as_going_the_other_way_counts_that_way() -> None:
    told = asks(1, 5_000, kind="withdrawal"), asks(1, 5_000, event="again", kind="deposit")
    assert not warned(*told, asks(2, 5_000, NOON + 2, kind="withdrawal"))
    assert warned(*told, asks(2, 5_000, NOON + 2, kind="deposit"))


steps = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["asks", "asks", "failed", "completed"]),
        st.integers(0, 2_000),
        st.integers(1, 5_000),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(steps)
def test_the_sums_are_those_of_a_plain_list(told: list[tuple[int, str, int, int]]) -> None:
    state, asked, failed = NEW_USER, dict[int, tuple[int, int]](), dict[int, int]()
    for step, (number, what, minute, usd) in enumerate(told):
        at = NOON + minute * 1_000
        if what == "asks":
            asked[number] = (at, usd)
            state = after_one(state, asks(number, usd, at, f"-{step}"))
            continue
        if what == "failed":
            failed[number] = max(at, failed.get(number, at))
        elif failed.get(number, at) < at:
            del failed[number]
        state = after_one(state, outcome(number, what, at, f"-{step}"))
    left = sum(usd for number, (_, usd) in asked.items() if number not in failed)
    assert sums(state) == (left, left, len(asked))


def after_one(state: UserState, event: Told) -> UserState:
    return decided(state, event).state


def test_what_is_remembered_of_declined_ones_is_bounded() -> None:
    state = after(*[outcome(number, "failed", NOON + number) for number in range(3 * DECLINED_KEPT)])
    assert len(state.declined) == DECLINED_KEPT


def test_a_replay_of_more_events_than_are_remembered_counts_nothing_twice() -> None:
    told = [asks(number, 10, NOON + number) for number in range(EXACT_ENTRIES)]
    assert sums(after(*told, *told)) == (10 * EXACT_ENTRIES, 10 * EXACT_ENTRIES, EXACT_ENTRIES)


def test_a_replay_of_yesterday_is_not_added_to_its_day_again() -> None:
    state = after(asks(1, 5_000), asks(2, 20, NOON + DAY_MS))
    again = decided(state, asks(1, 5_000, event="again"))
    assert "ctr_daily" not in {finding.rule for finding in again.findings}
    assert again.state.days == state.days


def test_a_state_of_before_transactions_were_named_goes_on() -> None:
    """Its entries cannot be found; those of after can."""
    state = after(asks(1, 6_000), asks(2, 500))
    older = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=UserState)
    log = msgspec.structs.replace(older.transactions, keys=b"")
    state = msgspec.structs.replace(older, transactions=log, declined=())
    for event in (
        asks(3, 40, NOON + 5),
        asks(4, 7, NOON + 1),
        outcome(3, "failed", NOON + 9),
        outcome(1, "failed", NOON + 9),
    ):
        state = after_one(state, event)
    assert sums(state) == (6_507, 6_507, 4)
    assert sums(state, NOON + 2 * DAY_MS) == (0, 0, 4)
