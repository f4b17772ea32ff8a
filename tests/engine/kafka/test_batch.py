"""Batches are as long as a turn of the event loop allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.engine.kafka.batch import MAX_RECORDS, MIN_RECORDS, TARGET_BATCH_SECONDS, AdaptiveBatchSize


def after(*batches: tuple[int, float]) -> int:
    pace = AdaptiveBatchSize()
    for records, seconds in batches:
        pace.took(records, seconds)
    return pace.records


def test_a_batch_is_as_long_as_a_turn() -> None:
    for each in (50e-6, 100e-6, 200e-6, 400e-6):
        assert abs(after(*[(200, 200 * each)] * 100) * each - TARGET_BATCH_SECONDS) <= each


def test_fast_records_do_not_bloat_a_batch() -> None:
    assert after(*[(200, 1e-6)] * 100) == MAX_RECORDS


def test_one_stall_of_the_machine_does_not_end_batching() -> None:
    usual = [(200, 200 * 40e-6)] * 100
    stalled = after(*usual, (200, 0.3))
    assert MIN_RECORDS <= stalled < after(*usual)
    assert after(*usual, (200, 0.3), *[(stalled, stalled * 40e-6)] * 300) >= 0.9 * after(*usual)


def test_an_empty_batch_tells_nothing() -> None:
    assert after((0, 1.0)) == after()


@given(st.lists(st.tuples(st.integers(0, MAX_RECORDS), st.floats(0, 100))))
def test_a_batch_has_its_bounds_whatever_happened(batches: list[tuple[int, float]]) -> None:
    assert MIN_RECORDS <= after(*batches) <= MAX_RECORDS
