"""How often Python looks for garbage in a process that holds many states."""

from __future__ import annotations

import gc

#: Allocations, and then rounds, between collections of the three generations of objects.
#:
#: States are immutable and hold no cycles, but Python walks all that are cached, which stops everything for up to a
#: third of a second. Young objects are still collected often; the old ones, which are the states, hardly ever.
COLLECT_AFTER = (10_000, 20, 1_000)


def collect_seldom() -> None:
    """Leave what there is alone, and look for garbage as `COLLECT_AFTER` says, for the rest of the process."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
