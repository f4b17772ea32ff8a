"""What an event changes in one member's standing in a circle: differences, which add up in any order.

The circle knows best what a contribution was (missed, then paid late). Each event tells what it changes in the member's
counts, so their sum over all events is what the facts of all circles say in the end.
"""

from __future__ import annotations

from operator import add, sub

from lakay_streams.domain.circles.integrity import left_owing
from lakay_streams.domain.circles.state import STATUS, WAS_IN_TIME, WAS_LATE, WAS_MISSED, Facts, Member, member_of
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import Frozen, astuple


class Tally(Frozen):
    """How often a member did what; as a difference, how that changed.

    `circles` counts those the member was seen in, `pots` those received, `left` circles dropped out of, and
    `left_owing` those of them that had paid the member a pot.
    """

    circles: int = 0
    in_time: int = 0
    late: int = 0
    missed: int = 0
    pots: int = 0
    left: int = 0
    left_owing: int = 0

    def plus(self, more: Tally) -> Tally:
        """Return the sums."""
        return Tally(*map(add, astuple(self), astuple(more)))

    def minus(self, less: Tally) -> Tally:
        """Return the differences."""
        return Tally(*map(sub, astuple(self), astuple(less)))


NOTHING = Tally()


class MemberChange(Frozen):
    """What one event of a circle changed for the user it names.

    `counts_at` (ms UTC) says when it counts: a contribution when it was due, if that is told, so that missing it and
    paying it later count in one month; anything else when it happened.
    """

    user_id: str
    counts_at: int
    difference: Tally


def change_of(event: CircleEvent, before: Facts, after: Facts) -> MemberChange | None:
    """Return what the event changed for the user it names; None if it names none or changed nothing."""
    user = event.user_id
    if user is None:
        return None
    old, new = _tally(member_of(before, user), before), _tally(member_of(after, user), after)
    if old == new:
        return None
    return MemberChange(user, event.occurred_at if event.due_at is None else event.due_at, new.minus(old))


def _tally(member: Member | None, facts: Facts) -> Tally:
    if member is None:
        return NOTHING
    told = member.told.translate(STATUS)
    return Tally(
        1,
        told.count(WAS_IN_TIME),
        told.count(WAS_LATE),
        told.count(WAS_MISSED),
        sum([payout.user == member.user for payout in facts.payouts]),
        member.has_left,
        left_owing(member, facts),
    )
