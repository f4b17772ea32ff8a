"""What is known of one savings circle: its facts, in canonical order, and the tier that was told last.

What follows from the facts (who is late, which pot was not full) is reckoned anew and never kept, so that a record that
comes late mends what it was missing for. `observing` adds an event to them, and bounds them.

Amounts are minor units of the currency beside them, times event times in ms UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.known import kept_value

MISSED, IN_TIME, LATE, UNDATED = 1, 2, 4, 8
"""What was told of one contribution, as flags: missed; received by its due date, after it, without one."""

UNPAID = bytes((0, MISSED))
"""Flags of a contribution that was not received."""

UNKNOWN, WAS_MISSED, WAS_LATE, WAS_IN_TIME = range(4)
"""What a contribution is, best known."""


MEMBERS_KEPT = 1_000
PAYOUTS_KEPT = 1_000
CONTRIBUTIONS_KEPT = 250_000
"""How many members, pots and contributions (a byte each) a circle's facts hold at most."""


def _status(flags: int) -> int:
    if flags & IN_TIME:
        return WAS_IN_TIME
    if flags & LATE or (flags & UNDATED and flags & MISSED):
        return WAS_LATE
    return WAS_IN_TIME if flags & UNDATED else WAS_MISSED if flags & MISSED else UNKNOWN


STATUS = bytes(_status(flags) for flags in range(16)) + bytes(240)
"""Flags to what the contribution is, for `bytes.translate`. Late is not missed, and in time even if told as missed."""


class Founding(Frozen):
    """What the members agreed on: each one's contribution a round, and how many members and rounds are planned."""

    at: int
    organizer: str
    amount_minor: int
    currency: str
    members: int | None = None
    rounds: int | None = None
    frequency: str | None = None


class Member(Frozen):
    """Somebody who joined, paid, missed or was paid; `joined_at` is None for who did so without having joined.

    `joined_at` and `dropped_at` are the latest. `told` has a byte of flags for each of the circle's rounds, in their
    order; rounds beyond its end have none.
    """

    user: str
    joined_at: int | None = None
    dropped_at: int | None = None
    position: int | None = None
    told: bytes = b""

    @property
    def has_left(self) -> bool:
        """Whether the member dropped out and has not joined again."""
        return self.dropped_at is not None and (self.joined_at is None or self.joined_at <= self.dropped_at)


class Round(Frozen):
    """One round. `received` are (currency, minor units), by currency, and `ids` hashes of the events they came with."""

    number: int
    due_at: int | None = None
    received: tuple[tuple[str, int], ...] = ()
    ids: bytes = b""


class Payout(Frozen, order=True):
    """One pot paid out. `account` and `device` are hashes, empty where the event does not tell."""

    number: int
    at: int
    user: str
    amount_minor: int
    currency: str
    account: bytes = b""
    device: bytes = b""


class Facts(Frozen):
    """What is known of a circle. Members are in the order of their ids, rounds and payouts of their numbers.

    `acted_at` is the latest event of a member. `completed_at` and `failed_at` are the earliest told.
    """

    founding: Founding | None = None
    members: tuple[Member, ...] = ()
    rounds: tuple[Round, ...] = ()
    payouts: tuple[Payout, ...] = ()
    since_at: int | None = None
    acted_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    evidence_truncated: bool = False

    @property
    def ended_at(self) -> int | None:
        """When the circle completed or failed."""
        ends = [at for at in (self.completed_at, self.failed_at) if at is not None]
        return min(ends, default=None)


class Moved(Frozen):
    """An event that moved the score, and by how much."""

    event_id: str
    event_type: str
    at: int
    change: float


class Standing(Frozen):
    """The tier that was told last, since when, and what has moved the score since then, oldest first.

    Unlike the facts it is the story of what was told, so it depends on the order of arrival, within the margin of
    `tiers`.
    """

    tier: int = 0
    since_at: int | None = None
    score: float = 1.0
    moved: tuple[Moved, ...] = ()


class CircleState(Frozen):
    """One circle. `seen`: hashes of the event ids already counted (`dedup`)."""

    seen: bytes = b""
    facts: Facts = Facts()
    standing: Standing = Standing()


NEW_CIRCLE = CircleState()
"""The state of a circle before its first event."""

NUMBER_OF = attrgetter("number")
USER_OF = attrgetter("user")
"""What rounds and members are sorted by."""


def member_of(facts: Facts, user_id: str) -> Member | None:
    """Return what is known of a member, None of a stranger."""
    user, members = kept_value(user_id), facts.members
    at = bisect_left(members, user, key=USER_OF)
    return members[at] if at < len(members) and members[at].user == user else None


def index_of(facts: Facts, number: int) -> int | None:
    """Return the place of a round among those kept, None if it is not."""
    at = bisect_left(facts.rounds, number, key=NUMBER_OF)
    return at if at < len(facts.rounds) and facts.rounds[at].number == number else None


def rounds_kept(facts: Facts) -> int:
    """Return how many rounds of such a circle are kept: 1,000 of 250 members, 500 of 500, 250 of 1,000."""
    return min(PAYOUTS_KEPT, CONTRIBUTIONS_KEPT // max(1, len(facts.members)))


def rounds_dropped(facts: Facts) -> int:
    """Return how many rounds came before those that are kept, by their numbers; 0 while all are kept."""
    rounds = facts.rounds
    is_full = facts.evidence_truncated and len(rounds) == rounds_kept(facts)
    return max(0, rounds[0].number - 1) if is_full else 0


def has_joined(member: Member, facts: Facts) -> bool:
    """Whether the member joined; who founded the circle did."""
    return member.joined_at is not None or (facts.founding is not None and member.user == facts.founding.organizer)


def first_payout_at(facts: Facts) -> int | None:
    """Return when the first pot that is known was paid out."""
    return min([payout.at for payout in facts.payouts], default=None)
