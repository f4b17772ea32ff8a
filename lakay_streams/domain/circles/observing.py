"""How one event adds to what is known of a circle: in any order of arrival the same facts come of it.

Adding is commutative and idempotent: flags are or-ed, times go to the earliest or latest, lists are sorted, and money
is summed once an event. A round knows by a hash which events it has summed, so that somebody may pay in parts. The
hashes of about `IDS_KEPT` contributions are kept, those of the latest rounds by number. In a round without them, a
member's money counts where none is known of that member. So a replay of any length doubles nothing.

Bounds: `MEMBERS_KEPT` members (of more, those whose ids sort first), `rounds_kept` rounds and `PAYOUTS_KEPT` payouts
(of more, the latest by number), `CURRENCIES_KEPT` currencies a round. Which ones are kept depends on the set of all and
not on their order (members only become more, so rounds once dropped would not be kept later), so the bounds keep the
promise above. The money of a round is counted whole, whoever paid it. `evidence_truncated` says that something was left
out. A circle of 500 members and 500 rounds is whole. The largest takes under 512 KiB, one of 100 and 100 under 32 KiB,
one of ten and ten under 4 KiB.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import reduce
from hashlib import blake2b

from lakay_streams.domain.circles.state import (
    IN_TIME,
    LATE,
    MEMBERS_KEPT,
    MISSED,
    NUMBER_OF,
    PAYOUTS_KEPT,
    UNDATED,
    UNPAID,
    USER_OF,
    Facts,
    Founding,
    Member,
    Payout,
    Round,
    index_of,
    member_of,
    rounds_kept,
)
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.known import kept_value

CURRENCIES_KEPT = 2
IDS_KEPT = 1_024
ID_BYTES = 4
HASH_BYTES = 8


def observe(facts: Facts, event: CircleEvent) -> Facts:
    """Return the facts with those of one more event."""
    kind, at = event.event_type, event.occurred_at
    since = at if facts.since_at is None else min(facts.since_at, at)
    if kind == "circle-completed":
        return replace(facts, since_at=since, completed_at=_earliest(facts.completed_at, at))
    if kind == "circle-failed":
        return replace(facts, since_at=since, failed_at=_earliest(facts.failed_at, at))
    if kind == "circle-created":
        return replace(facts, since_at=since, founding=_first_founding(facts.founding, _founding(event)))
    facts = replace(facts, since_at=since, acted_at=_latest(facts.acted_at, at))
    user = kept_value(event.user_id or "")
    if kind == "circle-member-joined":
        return _with_member(facts, Member(user, joined_at=at, position=event.position))
    if kind == "circle-member-dropped":
        return _with_member(facts, Member(user, dropped_at=at))
    number = event.round or 0
    received: tuple[tuple[str, int], ...] = ()
    flags = 0
    told_in = b""
    if kind == "circle-contribution-received":
        told_in = blake2b(event.event_id.encode(), digest_size=ID_BYTES).digest()
        if not _is_summed(facts, number, user, told_in):
            received = ((event.currency or "", event.amount_minor or 0),)
        flags = UNDATED if event.due_at is None else IN_TIME if at <= event.due_at else LATE
    elif kind == "circle-contribution-missed":
        flags = MISSED
    else:
        account, device = hashed(event.account_id), hashed(event.device_id)
        payout = Payout(number, at, user, event.amount_minor or 0, event.currency or "", account, device)
        facts = _with_payout(facts, payout)
    facts = _with_round(facts, Round(number, event.due_at, received, told_in if received else b""))
    index = index_of(facts, number)
    told = b"" if index is None or not flags else bytes(index) + bytes((flags,))
    return _with_member(facts, Member(user, told=told))


def hashed(value: str | None) -> bytes:
    """Return an account's or device's id as the facts keep it: two that differ are never shown, only compared."""
    return b"" if value is None else blake2b(value.encode(), digest_size=HASH_BYTES).digest()


def _is_summed(facts: Facts, number: int, user: str, told_in: bytes) -> bool:
    """Whether a round has summed that contribution."""
    index = index_of(facts, number)
    if index is None or not facts.rounds[index].received:
        return False
    if ids := facts.rounds[index].ids:
        at = ids.find(told_in)
        # A hit across the border of two hashes is chance: look on.
        while at > 0 and at % ID_BYTES:
            at = ids.find(told_in, at + 1)
        return at >= 0
    member = member_of(facts, user)
    return member is not None and bool(member.told[index : index + 1].translate(None, UNPAID))


def _with_member(facts: Facts, told: Member) -> Facts:
    """Add what an event tells of a member."""
    members = facts.members
    at = bisect_left(members, told.user, key=USER_OF)
    if at < len(members) and members[at].user == told.user:
        known = members[at]
        joined = max((known.joined_at, known.position), (told.joined_at, told.position), key=_joining)
        merged = Member(
            known.user, joined[0], _latest(known.dropped_at, told.dropped_at), joined[1], _both(known.told, told.told)
        )
        return facts if merged == known else replace(facts, members=(*members[:at], merged, *members[at + 1 :]))
    if len(members) < MEMBERS_KEPT:
        return _with_rounds_kept(replace(facts, members=(*members[:at], told, *members[at:])))
    return replace(facts, members=(*members[:at], told, *members[at:])[:MEMBERS_KEPT], evidence_truncated=True)


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
    at = bisect_left(rounds, told.number, key=NUMBER_OF)
    if at < len(rounds) and rounds[at].number == told.number:
        known = rounds[at]
        received = reduce(_with_money, told.received, known.received)
        truncated = facts.evidence_truncated or len(received) > CURRENCIES_KEPT
        ids = known.ids
        if told.ids and (ids or not known.received):
            ids = _sorted(ids + told.ids)
        merged = Round(known.number, _latest(known.due_at, told.due_at), received[:CURRENCIES_KEPT], ids)
        if merged == known and truncated == facts.evidence_truncated:
            return facts
        rounds = (*rounds[:at], merged, *rounds[at + 1 :])
        return replace(facts, rounds=_with_ids_kept(rounds), evidence_truncated=truncated)
    if at < len(rounds):
        members = tuple([replace(member, told=_parted(member.told, at)) for member in members])
    rounds = _with_ids_kept((*rounds[:at], told, *rounds[at:]))
    return _with_rounds_kept(replace(facts, rounds=rounds, members=members))


def _sorted(ids: bytes) -> bytes:
    return b"".join(sorted([ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]))


def _with_ids_kept(rounds: tuple[Round, ...]) -> tuple[Round, ...]:
    """Drop the ids of the oldest rounds beyond the bound."""
    more = sum([len(each.ids) for each in rounds]) - IDS_KEPT * ID_BYTES
    if more <= 0:
        return rounds
    kept: list[Round] = []
    for each in rounds:
        kept.append(replace(each, ids=b"") if more > 0 and each.ids else each)
        more -= len(each.ids)
    return tuple(kept)


def _with_rounds_kept(facts: Facts) -> Facts:
    """Drop the oldest rounds beyond the bound, and the members' flags of them."""
    more = len(facts.rounds) - rounds_kept(facts)
    if more <= 0:
        return facts
    members = tuple([replace(member, told=member.told[more:]) for member in facts.members])
    return replace(facts, rounds=facts.rounds[more:], members=members, evidence_truncated=True)


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
        return replace(facts, payouts=payouts)
    return replace(facts, payouts=payouts[-PAYOUTS_KEPT:], evidence_truncated=True)


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
