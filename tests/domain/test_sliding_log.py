"""The sliding log, against the whole history."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain import sliding_log
from lakay_streams.domain.sliding_log import (
    EXACT_ENTRIES,
    FOLDED_BUCKETS,
    IDS_KEPT,
    KEPT_MS,
    MINUTE_MS,
    SlidingLog,
    add,
    count_at_most,
    ids_at_most,
    ids_within,
    tally,
)

HOUR = 60 * MINUTE_MS
Entry = tuple[int, int, str]

# Times on a coarse grid make equal times and exact window edges common; the fine part sets one millisecond aside.
times = st.builds(lambda hours, ms: 10**12 + hours * HOUR // 2 + ms, st.integers(0, 100), st.integers(-1, 1))


def written(history: list[Entry]) -> SlidingLog:
    log = SlidingLog()
    for at, amount, event_id in history:
        log = add(log, at, amount, event_id)
    return log


def truth(history: list[Entry], since: int, until: int) -> list[Entry]:
    return [entry for entry in history if since < entry[0] <= until]


@given(st.lists(st.tuples(times, st.integers(0, 10**6)), min_size=1, max_size=120), times)
def test_counts_and_sums_of_any_window_equal_the_whole_historys(entries: list[tuple[int, int]], until: int) -> None:
    history = [(at, amount, str(number)) for number, (at, amount) in enumerate(entries)]
    log = written(history)
    newest = max(at for at, _ in entries)
    for window in (HOUR, 6 * HOUR, KEPT_MS):
        # What lies a day behind the newest is gone, so a window counts from there at the earliest.
        since = max(until - window, newest - KEPT_MS)
        inside = truth(history, since, until)
        assert tally(log, since, until) == (len(inside), sum(amount for _, amount, _ in inside))
        small = [each for each in inside if each[1] <= 1000]
        assert count_at_most(log, since, until, 1000) == len(small)
        assert set(ids_at_most(log, since, until, 1000)) <= {event_id for _, _, event_id in small}
        ids, truncated = ids_within(log, since, until)
        assert set(ids) <= {event_id for _, _, event_id in inside}
        assert truncated == (len(ids) < len(inside))


@given(st.lists(st.tuples(times, st.integers(0, 10**6)), max_size=120))
def test_any_order_of_arrival_gives_the_same_columns(entries: list[tuple[int, int]]) -> None:
    newest = max((at for at, _ in entries), default=0)
    kept = sorted(at for at, _ in entries if at > newest - KEPT_MS)
    log = written([(at, amount, "x") for at, amount in entries])
    assert list(log.times) == kept
    assert len(log.amounts) == len(log.times)
    assert len(log.ids) <= min(IDS_KEPT, len(log.times))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([500, 5_000, 30_000, 120_000]), st.booleans())
def test_folding_rounds_only_the_far_edge_of_a_window_and_only_outwards(seed: int, gap_ms: int, late: bool) -> None:
    random = Random(seed)
    at, history, log = 10**12, list[Entry](), SlidingLog()
    for number in range(1500):
        at += random.randrange(2 * gap_ms)
        moment = at - random.randrange(20 * HOUR) if late and number % 10 == 0 else at
        entry = (max(moment, 10**12), random.randrange(1, 10**7), str(number))
        history.append(entry)
        log = add(log, *entry)
        if number % 50:
            continue
        for window in (HOUR, KEPT_MS):
            inside, edge = truth(history, at - window, at), at - window - log.folded.step * MINUTE_MS
            widest = truth(history, edge, at)
            count, amount = tally(log, at - window, at)
            assert len(inside) <= count <= len(widest)
            assert sum(each[1] for each in inside) <= amount <= sum(each[1] for each in widest)
    assert len(log.times) <= EXACT_ENTRIES
    assert len(log.folded.starts) <= FOLDED_BUCKETS


def test_a_whole_day_of_one_a_minute_loses_nothing() -> None:
    log = written([(10**12 + minute * MINUTE_MS, 100, str(minute)) for minute in range(1440)])
    assert tally(log, log.times[-1] - KEPT_MS, log.times[-1]) == (1440, 144_000)
    assert log.folded.step == 8


def test_a_quiet_day_forgets_the_folded_past() -> None:
    log = written([(10**12 + minute * MINUTE_MS, 100, str(minute)) for minute in range(600)])
    assert add(log, log.times[-1] + KEPT_MS, 5, "x") == SlidingLog((log.times[-1] + KEPT_MS,), (5,), ("x",))


def test_an_entry_exactly_as_old_as_the_window_is_outside() -> None:
    log = written([(10**12, 7, "a")])
    assert tally(log, 10**12, 10**12 + HOUR) == (0, 0)
    assert tally(log, 10**12 - 1, 10**12 + HOUR) == (1, 7)
    assert tally(log, 10**12 - HOUR, 10**12) == (1, 7)
    assert tally(log, 10**12 - HOUR, 10**12 - 1) == (0, 0)


def test_ids_belong_to_the_newest_entries_also_after_a_late_one() -> None:
    log = written([(10**12 + number * MINUTE_MS, number, str(number)) for number in range(IDS_KEPT + 5)])
    log = add(log, 10**12 + 20 * MINUTE_MS + 1, 99, "late")
    log = add(log, 10**12 + 1, 99, "too late for a name")
    ids, truncated = ids_within(log, 10**12 + 19 * MINUTE_MS, 10**12 + 21 * MINUTE_MS)
    assert ids == ("20", "late", "21")
    assert not truncated
    assert ids_within(log, 0, 10**13)[1]


def test_entries_of_the_same_millisecond_stay_in_order_of_arrival() -> None:
    log = written([(10**12, 1, "a"), (10**12 + 1, 1, "z"), (10**12, 1, "b"), (10**12, 1, "c")])
    assert ids_within(log, 0, 10**13)[0] == ("a", "b", "c", "z")


def test_an_id_too_long_to_keep_is_left_out_and_said() -> None:
    log = written([(10**12, 1, "x" * 100), (10**12, 1, "short")])
    assert ids_within(log, 0, 10**12) == (("short",), True)


def test_an_empty_log_has_nothing() -> None:
    assert tally(SlidingLog(), 0, 10**13) == (0, 0)
    assert sliding_log.ids_within(SlidingLog(), 0, 10**13) == ((), False)
