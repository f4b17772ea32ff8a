"""What is known of one savings circle: facts in canonical order, so that any order of arrival ends in the same ones.

Each event adds to the facts, and adding is commutative: flags are or-ed, times go to the earliest or latest, amounts
are summed, and lists are sorted. What follows from them (who is late, which pot was not full) is reckoned anew and
never kept, so that a record that comes late mends what it was missing for. But for the sums, adding is idempotent too;
the caller drops duplicates (`dedup`).

Bounds: `MEMBERS_KEPT` members (of more, those whose ids sort first), `ROUNDS_KEPT` rounds and `PAYOUTS_KEPT` payouts
(of more, the latest by number), `CURRENCIES_KEPT` currencies a round. Which ones are kept depends on the set of all and
not on their order, so the bounds keep the promise above. `evidence_truncated` says that something was left out. A full
circle of 100 members and 100 rounds takes at most 32 KiB, one of ten and ten under 4 KiB.

Amounts are minor units of the currency beside them, times event times in ms UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import reduce
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.known import kept_value

MEMBERS_KEPT = 100
ROUNDS_KEPT = 100
PAYOUTS_KEPT = 100
CURRENCIES_KEPT = 2
HASH_BYTES = 8

MISSED, IN_TIME, LATE, UNDATED = 1, 2, 4, 8
"""What was told of one contribution, as flags: missed; received by its due date, after it, without one."""

UNKNOWN, WAS_MISSED, WAS_LATE, WAS_IN_TIME = range(4)
"""What a contribution is, best known."""


def _status(flags: int) -> int:
    if flags & IN_TIME:
        return WAS_IN_TIME
    if flags & LATE or (flags & UNDATED and flags & MISSED):
        return WAS_LATE
    return WAS_IN_TIME if flags & UNDATED else WAS_MISSED if flags & MISSED else UNKNOWN


STATUS = bytes(_status(flags) for flags in range(16)) + bytes(240)
"""Flags to what the contribution is, for `bytes.translate`. Late is not missed, and in time even if told as missed."""


class Founding(NamedTuple):
    """What the members agreed on: each one's contribution a round, and how many members and rounds are planned."""

    at: int
    organizer: str
    amount_minor: int
    currency: str
    members: int | None = None
    rounds: int | None = None
    frequency: str | None = None


class Member(NamedTuple):
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


class Round(NamedTuple):
    """One round. `received` are (currency, minor units), by currency."""

    number: int
    due_at: int | None = None
    received: tuple[tuple[str, int], ...] = ()


class Payout(NamedTuple):
    """One pot paid out. `account` and `device` are hashes, empty where the event does not tell."""

    number: int
    at: int
    user: str
    amount_minor: int
    currency: str
    account: bytes = b""
    device: bytes = b""


class Facts(NamedTuple):
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


class Moved(NamedTuple):
    """An event that moved the score, and by how much."""

    event_id: str
    event_type: str
    at: int
    change: float


class Standing(NamedTuple):
    """The tier that was told last, since when, and what has moved the score since then, oldest first.

    Unlike the facts it is the story of what was told, so it depends on the order of arrival, within the margin of
    `tiers`.
    """

    tier: int = 0
    since_at: int | None = None
    score: float = 1.0
    moved: tuple[Moved, ...] = ()


class CircleState(NamedTuple):
    """One circle. `seen`: hashes of the event ids already counted (`dedup`)."""

    seen: bytes = b""
    facts: Facts = Facts()
    standing: Standing = Standing()


NEW_CIRCLE = CircleState()
"""The state of a circle before its first event."""

_NUMBER = itemgetter(0)
_USER = itemgetter(0)


def observe(facts: Facts, event: CircleEvent) -> Facts:
    """Return the facts with those of one more event."""
    kind, at = event.event_type, event.occurred_at
    since = at if facts.since_at is None else min(facts.since_at, at)
    if kind == "circle-completed":
        return facts._replace(since_at=since, completed_at=_earliest(facts.completed_at, at))
    if kind == "circle-failed":
        return facts._replace(since_at=since, failed_at=_earliest(facts.failed_at, at))
    if kind == "circle-created":
        return facts._replace(since_at=since, founding=_first_founding(facts.founding, _founding(event)))
    facts = facts._replace(since_at=since, acted_at=_latest(facts.acted_at, at))
    user = kept_value(event.user_id or "")
    if kind == "circle-member-joined":
        return _with_member(facts, Member(user, joined_at=at, position=event.position))
    if kind == "circle-member-dropped":
        return _with_member(facts, Member(user, dropped_at=at))
    number = event.round or 0
    received: tuple[tuple[str, int], ...] = ()
    flags = 0
    if kind == "circle-contribution-received":
        received = ((event.currency or "", event.amount_minor or 0),)
        flags = UNDATED if event.due_at is None else IN_TIME if at <= event.due_at else LATE
    elif kind == "circle-contribution-missed":
        flags = MISSED
    else:
        account, device = hashed(event.account_id), hashed(event.device_id)
        payout = Payout(number, at, user, event.amount_minor or 0, event.currency or "", account, device)
        facts = _with_payout(facts, payout)
    facts = _with_round(facts, Round(number, event.due_at, received))
    index = index_of(facts, number)
    told = b"" if index is None or not flags else bytes(index) + bytes((flags,))
    return _with_member(facts, Member(user, told=told))


def member_of(facts: Facts, user_id: str) -> Member | None:
    """Return what is known of a member, None of a stranger."""
    user, members = kept_value(user_id), facts.members
    at = bisect_left(members, user, key=_USER)
    return members[at] if at < len(members) and members[at].user == user else None


def index_of(facts: Facts, number: int) -> int | None:
    """Return the place of a round among those kept, None if it is not."""
    at = bisect_left(facts.rounds, number, key=_NUMBER)
    return at if at < len(facts.rounds) and facts.rounds[at].number == number else None


def has_joined(member: Member, facts: Facts) -> bool:
    """Whether the member joined; who founded the circle did."""
    return member.joined_at is not None or (facts.founding is not None and member.user == facts.founding.organizer)


def first_payout_at(facts: Facts) -> int | None:
    """Return when the first pot that is known was paid out."""
    return min([payout.at for payout in facts.payouts], default=None)


def hashed(value: str | None) -> bytes:
    """Return an account's or device's id as the facts keep it: two that differ are never shown, only compared."""
    return b"" if value is None else blake2b(value.encode(), digest_size=HASH_BYTES).digest()


def _with_member(facts: Facts, told: Member) -> Facts:
    """Add what an event tells of a member."""
    members = facts.members
    at = bisect_left(members, told.user, key=_USER)
    if at < len(members) and members[at].user == told.user:
        known = members[at]
        joined = max((known.joined_at, known.position), (told.joined_at, told.position), key=_joining)
        merged = Member(
            known.user, joined[0], _latest(known.dropped_at, told.dropped_at), joined[1], _both(known.told, told.told)
        )
        return facts if merged == known else facts._replace(members=(*members[:at], merged, *members[at + 1 :]))
    if len(members) < MEMBERS_KEPT:
        return facts._replace(members=(*members[:at], told, *members[at:]))
    return facts._replace(members=(*members[:at], told, *members[at:])[:MEMBERS_KEPT], evidence_truncated=True)


def _joining(joined: tuple[int | None, int | None]) -> tuple[bool, int, bool, int]:
    at, position = joined
    return at is not None, at or 0, position is not None, position or 0


def _both(told: bytes, more: bytes) -> bytes:
    """Return the flags with those of one more contribution, which is the last of `more`."""
    if not more:
        return told
    at, told = len(more) - 1, told.ljust(len(more), b"\0")
    return told[:at] + bytes((told[at] | more[at],)) + told[at + 1 :]


def _with_round(facts: Facts, told: Round) -> Facts:
    """Add what an event tells of a round. A new one in between moves the members' flags of those after it."""
    rounds, members = facts.rounds, facts.members
    at = bisect_left(rounds, told.number, key=_NUMBER)
    if at < len(rounds) and rounds[at].number == told.number:
        known = rounds[at]
        received = reduce(_with_money, told.received, known.received)
        truncated = facts.evidence_truncated or len(received) > CURRENCIES_KEPT
        merged = Round(known.number, _latest(known.due_at, told.due_at), received[:CURRENCIES_KEPT])
        if merged == known and truncated == facts.evidence_truncated:
            return facts
        return facts._replace(rounds=(*rounds[:at], merged, *rounds[at + 1 :]), evidence_truncated=truncated)
    if len(rounds) == ROUNDS_KEPT:
        if at == 0:
            return facts._replace(evidence_truncated=True)
        rounds, at = rounds[1:], at - 1
        members = tuple([member._replace(told=member.told[1:]) for member in members])
        facts = facts._replace(evidence_truncated=True)
    if at < len(rounds):
        members = tuple([member._replace(told=_parted(member.told, at)) for member in members])
    return facts._replace(rounds=(*rounds[:at], told, *rounds[at:]), members=members)


def _parted(told: bytes, at: int) -> bytes:
    return told[:at] + b"\0" + told[at:] if len(told) > at else told


def _with_money(received: tuple[tuple[str, int], ...], more: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    if received and received[0][0] == more[0]:
        return ((more[0], received[0][1] + more[1]), *received[1:])
    total = dict(received)
    total[more[0]] = total.get(more[0], 0) + more[1]
    return tuple(sorted(total.items()))


def _with_payout(facts: Facts, payout: Payout) -> Facts:
    if payout in facts.payouts:
        return facts
    payouts = tuple(sorted((*facts.payouts, payout)))
    if len(payouts) <= PAYOUTS_KEPT:
        return facts._replace(payouts=payouts)
    return facts._replace(payouts=payouts[-PAYOUTS_KEPT:], evidence_truncated=True)


def _founding(event: CircleEvent) -> Founding:
    return Founding(
        event.occurred_at,
        kept_value(event.user_id or ""),
        event.amount_minor or 0,
        event.currency or "",
        event.members,
        event.rounds,
        event.frequency,
    )


def _first_founding(known: Founding | None, told: Founding) -> Founding:
    return told if known is None else min(known, told, key=lambda founding: (founding.at, repr(founding)))


def _earliest(known: int | None, told: int) -> int:
    return told if known is None else min(known, told)


def _latest(known: int | None, told: int | None) -> int | None:
    if known is None or told is None:
        return told if known is None else known
    return max(known, told)
