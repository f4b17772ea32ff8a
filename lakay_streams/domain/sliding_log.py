"""A user's transactions of the last 24 hours: how many, and how much, in any window of event time.

The newest `EXACT_ENTRIES` are kept one by one, in columns sorted by time (flat tuples encode, decode and sum
faster than hundreds of small records). Older ones fold into totals by the minute. A user so busy that more than
`FOLDED_BUCKETS` minutes are in use has them folded by 2, 4, 8 or 16 minutes: the record stays bounded and every count
and sum stays whole; only the window's far edge is then rounded outwards to a bucket.

Windows are half open, (since, until]: an entry exactly as old as the window is outside. Times are ms UTC, amounts US
cents. A late entry is put where it belongs; what lies 24 hours or more behind the newest entry is dropped.

An entry is found by its transaction (`place_of`), so that one that is told again takes its own place, and one that was
declined is left out of sums: it stays as what was asked for, with the complement of its amount (`~amount`, which is
below zero). What is folded is not found any more; it counts as it did when it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from hashlib import blake2b

from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.recent import kept_id

EXACT_ENTRIES = 256
FOLDED_BUCKETS = 152
HASH_BYTES = 5
IN, OUT = b"\0", b"\1"
KEY_BYTES = HASH_BYTES + 1
"""Of each entry, a hash of its transaction's id, and which way the money goes: `OUT` where the user is handed some."""
IDS_KEPT = 24
"""Event ids are the bulk of an entry; evidence names at most this many, the newest."""

MINUTE_MS = 60_000
KEPT_MS = 24 * 60 * MINUTE_MS


class Folded(Frozen):
    """Totals by `step` minutes; `starts` are minutes since the epoch, ascending."""

    step: int = 1
    starts: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()


class SlidingLog(Frozen):
    """Columns of the exact entries; `ids` belong to the newest `len(ids)` of them; `folded` is everything older.

    `keys` are of `KEY_BYTES` each, laid end to end; they belong to the newest entries, too.
    """

    times: tuple[int, ...] = ()
    amounts: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    folded: Folded = Folded()
    keys: bytes = b""


NO_KEY = b"\0" * KEY_BYTES
"""Stands for a transaction that nobody named."""


def hash_of(transaction_id: str) -> bytes:
    """Return what is kept of a transaction's id; the chance that one of a full log has another's is below 1e-9."""
    return blake2b(transaction_id.encode(), digest_size=HASH_BYTES).digest()


def place_of(log: SlidingLog, digest: bytes) -> int:
    """Return where a transaction's entry stands in the columns, -1 where it does not."""
    at = log.keys.find(digest)
    # A hit across the border of two keys is chance: look on.
    while at > 0 and at % KEY_BYTES:
        at = log.keys.find(digest, at + 1)
    return at if at < 0 else len(log.times) - (len(log.keys) - at) // KEY_BYTES


def is_out(log: SlidingLog, place: int) -> bool:
    """Whether the entry at `place` hands money out; not so of one without a key, which is from before they were."""
    last = len(log.keys) - (len(log.times) - place - 1) * KEY_BYTES - 1
    return last >= 0 and log.keys[last] == OUT[0]


def add(log: SlidingLog, at: int, amount: int, event_id: str, key: bytes = b"") -> SlidingLog:
    """Return the log with one more entry; `amount` is the complement of one that was declined."""
    times, amounts, ids, folded, keys = log.times, log.amounts, log.ids, log.folded, log.keys
    count = len(times)
    if keys and not key:
        key = NO_KEY
    if not count or at >= times[-1]:
        times, amounts, ids, keys = (*times, at), (*amounts, amount), (*ids, kept_id(event_id)), keys + key
    elif is_too_old(log, at):
        return log
    else:
        place = bisect_right(times, at)
        times = (*times[:place], at, *times[place:])
        amounts = (*amounts[:place], amount, *amounts[place:])
        named = place - (count - len(ids))
        if named >= 0:
            ids = (*ids[:named], kept_id(event_id), *ids[named:])
        keyed = place * KEY_BYTES - (count * KEY_BYTES - len(keys))
        if keyed >= 0:
            keys = keys[:keyed] + key + keys[keyed:]
    horizon = times[-1] - KEPT_MS
    if times[0] <= horizon:
        expired = bisect_right(times, horizon)
        times, amounts = times[expired:], amounts[expired:]
    if len(times) > EXACT_ENTRIES:
        folded = _fold(folded, times[0], max(0, amounts[0]))
        times, amounts = times[1:], amounts[1:]
    if folded.starts:
        folded = _expire(folded, horizon)
    kept = min(IDS_KEPT, len(times))
    return SlidingLog(times, amounts, ids[-kept:] if len(ids) > kept else ids, folded, keys[-len(times) * KEY_BYTES :])


def without(log: SlidingLog, place: int) -> SlidingLog:
    """Return the log without the exact entry at `place`."""
    count = len(log.times)
    named, keyed = place - (count - len(log.ids)), place * KEY_BYTES - (count * KEY_BYTES - len(log.keys))
    return SlidingLog(
        (*log.times[:place], *log.times[place + 1 :]),
        (*log.amounts[:place], *log.amounts[place + 1 :]),
        (*log.ids[:named], *log.ids[named + 1 :]) if named >= 0 else log.ids,
        log.folded,
        log.keys[:keyed] + log.keys[keyed + KEY_BYTES :] if keyed >= 0 else log.keys,
    )


def turned(log: SlidingLog, place: int) -> SlidingLog:
    """Return the log with the entry at `place` declined, or not declined after all."""
    return replace(log, amounts=(*log.amounts[:place], ~log.amounts[place], *log.amounts[place + 1 :]))


def is_too_old(log: SlidingLog, at: int) -> bool:
    """Whether an entry of that time would lie 24 hours or more behind the newest, and is not kept."""
    return bool(log.times) and at <= log.times[-1] - KEPT_MS


def tally(log: SlidingLog, since: int, until: int) -> tuple[int, int]:
    """Return the number of entries in (`since`, `until`], and the sum of the amounts that were not declined."""
    times = log.times
    if not times:
        return 0, 0
    low = 0 if times[0] > since else bisect_right(times, since)
    high = len(times) if times[-1] <= until else bisect_right(times, until)
    amounts = log.amounts[low:high]
    count, amount = len(amounts), sum(amounts)
    if amounts and min(amounts) < 0:
        amount = sum([each for each in amounts if each >= 0])
    if log.folded.starts:
        folded = log.folded
        first = bisect_right(folded.starts, (since + 1) // MINUTE_MS - folded.step)
        last = bisect_right(folded.starts, until // MINUTE_MS)
        count += sum(folded.counts[first:last])
        amount += sum(folded.amounts[first:last])
    return count, amount


def count_at_most(log: SlidingLog, since: int, until: int, amount: int) -> int:
    """Return how many exact entries in (`since`, `until`] asked for an amount of at most `amount`, declined or not."""
    low, high = bisect_right(log.times, since), bisect_right(log.times, until)
    return sum(1 for each in log.amounts[low:high] if ~amount <= each <= amount)


def ids_within(log: SlidingLog, since: int, until: int, *, declined: bool = True) -> tuple[tuple[str, ...], bool]:
    """Return the kept ids of the entries in (`since`, `until`], oldest first, and whether some are missing.

    Without `declined` those that were declined are none of them.
    """
    unnamed = len(log.times) - len(log.ids)
    low, high = bisect_right(log.times, since), bisect_right(log.times, until)
    amounts, number = log.amounts, tally(log, since, until)[0]
    ids = log.ids[max(0, low - unnamed) : max(0, high - unnamed)]
    if not declined and low < high and min(amounts[low:high]) < 0:
        number -= sum([1 for each in amounts[low:high] if each < 0])
        ids = tuple([log.ids[each - unnamed] for each in range(max(low, unnamed), high) if amounts[each] >= 0])
    ids = tuple(filter(None, ids))
    return ids, len(ids) < number


def ids_of_way(log: SlidingLog, since: int, until: int, *, out: bool) -> tuple[str, ...]:
    """Return the kept ids of the entries in (`since`, `until`] that went one way and were not declined."""
    unnamed = len(log.times) - len(log.ids)
    low, high = bisect_right(log.times, since), bisect_right(log.times, until)
    named = [each for each in range(max(low, unnamed), high) if log.amounts[each] >= 0 and is_out(log, each) == out]
    return tuple(filter(None, [log.ids[each - unnamed] for each in named]))


def ids_at_most(log: SlidingLog, since: int, until: int, amount: int) -> tuple[str, ...]:
    """Return the kept ids of the entries that `count_at_most` counts, oldest first."""
    unnamed = len(log.times) - len(log.ids)
    named = zip(log.times[unnamed:], log.amounts[unnamed:], log.ids, strict=True)
    return tuple(each for at, asked, each in named if each and since < at <= until and ~amount <= asked <= amount)


def _fold(folded: Folded, at: int, amount: int) -> Folded:
    step, starts, counts, amounts = folded.step, folded.starts, folded.counts, folded.amounts
    start = at // MINUTE_MS // step * step
    place = bisect_left(starts, start)
    after = place
    count = 1
    if place < len(starts) and starts[place] == start:
        count, amount, after = counts[place] + 1, amounts[place] + amount, place + 1
    folded = Folded(
        step,
        (*starts[:place], start, *starts[after:]),
        (*counts[:place], count, *counts[after:]),
        (*amounts[:place], amount, *amounts[after:]),
    )
    while len(folded.starts) > FOLDED_BUCKETS:
        folded = _coarser(folded)
    return folded


def _coarser(folded: Folded) -> Folded:
    """Merge neighbours into buckets of twice the minutes."""
    step = folded.step * 2
    totals: dict[int, tuple[int, int]] = {}
    for start, count, amount in zip(folded.starts, folded.counts, folded.amounts, strict=True):
        counted, summed = totals.get(start // step * step, (0, 0))
        totals[start // step * step] = (counted + count, summed + amount)
    return Folded(step, tuple(totals), tuple(c for c, _ in totals.values()), tuple(a for _, a in totals.values()))


def _expire(folded: Folded, horizon: int) -> Folded:
    """Drop the buckets that lie wholly at or before `horizon`."""
    expired = bisect_right(folded.starts, (horizon + 1) // MINUTE_MS - folded.step)
    if not expired:
        return folded
    if expired == len(folded.starts):
        return Folded()
    return Folded(folded.step, folded.starts[expired:], folded.counts[expired:], folded.amounts[expired:])
