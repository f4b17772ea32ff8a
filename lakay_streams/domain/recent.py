"""The newest few events of one kind: their times in order, and the ids of the last of them.

Event times are ms UTC. Bounded: a count reaches `TIMES_KEPT` and stays there; ids beyond `IDS_KEPT` are dropped and
`ids_within` says so.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter

from lakay_streams.domain.frozen import Frozen

TIMES_KEPT = 64
"""A count within a window saturates here; a limit on such a count must be lower."""

IDS_KEPT = 10
ID_CHARS_KEPT = 40
"""A longer event id (a UUID has 36 characters) is not kept as evidence: state stays bounded."""

KEPT_MS = 24 * 3_600_000
"""Events this far behind the newest are forgotten."""


def kept_id(event_id: str) -> str:
    """Return the event id as state keeps it: empty when it is too long (in bytes) to be kept."""
    return event_id if len(event_id) <= ID_CHARS_KEPT and event_id.isascii() else ""


class Recent(Frozen):
    """Times of the newest events, ascending, and (time, event id) of the newest of them."""

    times: tuple[int, ...] = ()
    ids: tuple[tuple[int, str], ...] = ()


def push(recent: Recent, at: int, event_id: str) -> Recent:
    """Return `recent` with one more event; a late one takes its place in order."""
    times, ids = recent.times, recent.ids
    entry = (at, kept_id(event_id))
    if not times or at >= times[-1]:
        times, ids = (*times, at), (*ids, entry)
    else:
        place = bisect_right(times, at)
        times = (*times[:place], at, *times[place:])
        ids = tuple(sorted((*ids, entry), key=itemgetter(0)))
    horizon = times[-1] - KEPT_MS
    if times[0] <= horizon:
        times = times[bisect_right(times, horizon) :]
        ids = tuple([each for each in ids if each[0] > horizon])
    return Recent(times[-TIMES_KEPT:], ids[-IDS_KEPT:])


def count_within(recent: Recent, since: int, until: int) -> int:
    """Return how many events lie in (`since`, `until`]; `TIMES_KEPT` means at least that many."""
    times = recent.times
    if not times or times[-1] <= since:
        return 0
    return (len(times) if times[-1] <= until else bisect_right(times, until)) - bisect_right(times, since)


def ids_within(recent: Recent, since: int, until: int) -> tuple[tuple[str, ...], bool]:
    """Return the kept ids of the events in (`since`, `until`], oldest first, and whether some are missing."""
    ids = tuple(event_id for at, event_id in recent.ids if since < at <= until and event_id)
    return ids, len(ids) < count_within(recent, since, until)
