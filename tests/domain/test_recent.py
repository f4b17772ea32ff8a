"""The newest few events of a kind, against the whole history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.recent import IDS_KEPT, KEPT_MS, TIMES_KEPT, Recent, count_within, ids_within, push

times = st.integers(0, 60).map(lambda half_hours: 10**12 + half_hours * 1_800_000)


@given(st.lists(times, max_size=200), times, st.integers(1, KEPT_MS))
def test_counts_equal_the_whole_historys_until_they_saturate(history: list[int], until: int, window: int) -> None:
    recent = Recent()
    for number, at in enumerate(history):
        recent = push(recent, at, str(number))
    kept = sorted(at for at in history if at > max(history) - KEPT_MS)[-TIMES_KEPT:]
    assert list(recent.times) == kept
    inside = [at for at in kept if until - window < at <= until]
    assert count_within(recent, until - window, until) == len(inside)
    ids, truncated = ids_within(recent, until - window, until)
    assert [history[int(event_id)] for event_id in ids] == inside[len(inside) - len(ids) :] or len(ids) < len(inside)
    assert all(until - window < history[int(event_id)] <= until for event_id in ids)
    assert truncated == (len(ids) < len(inside))
    assert len(recent.ids) <= IDS_KEPT


def test_all_ids_are_named_while_there_are_few() -> None:
    recent = push(push(push(Recent(), 30, "c"), 10, "a"), 20, "b")
    assert ids_within(recent, 0, 30) == (("a", "b", "c"), False)
    assert ids_within(recent, 10, 29) == (("b",), False)
