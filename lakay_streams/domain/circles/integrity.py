"""What cannot or should not happen in a circle: findings, never exceptions.

Each rule is a function of the facts, so a finding goes away when a late record explains it, and the order of arrival
makes no difference. Two sorts:

    impossible    overpaid_pot, stranger_paid_in, stranger_paid_out, event_after_end, foreign_currency,
                  completed_unpaid, completed_and_failed
    suspicious    left_after_payout, out_of_turn, shared_account, shared_device, growth

A finding has no event ids of its own: facts do not keep them. The events that moved a tier are told beside it. No
member is named; `/tables/circles/<id>` shows who it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import prod
from operator import attrgetter
from typing import Any

from lakay_streams.domain.circles.state import UNPAID, Facts, Member, first_payout_at, has_joined, rounds_dropped
from lakay_streams.domain.decision import Finding

STRANGER_IN, STRANGER_OUT = 0.25, 0.5
"""For each member that nobody knows to have joined, and that paid or was paid."""
AFTER_END = 0.5
FOREIGN_CURRENCY = 0.25
CONTRADICTION = 0.5
SHARED_ACCOUNT, SHARED_DEVICE = 0.3, 0.1
"""For each member beyond the first whose pots go to one account, or are asked for from one device.

Couples share a telephone; far fewer people share an account.
"""


def suspicion(facts: Facts) -> float:
    """Return 1 less the product of what each finding leaves: in [0, 1], and 0 without findings."""
    return 1.0 - prod(1.0 - finding.score for finding in findings_of(facts))


def findings_of(facts: Facts) -> tuple[Finding, ...]:
    """Return every finding, the strongest first."""
    return tuple(sorted(_findings(facts), key=attrgetter("score"), reverse=True))


def total_rounds(facts: Facts) -> int:
    """Return how many rounds a member has to pay: as agreed, and not less than were begun."""
    planned = (facts.founding and facts.founding.rounds) or 0
    return max(planned, rounds_dropped(facts) + len(facts.rounds))


def share_owed(member: Member, facts: Facts) -> float:
    """Return the share of all rounds that a member has not paid; rounds that are not kept any more count as paid."""
    paid = rounds_dropped(facts) + len(member.told.translate(None, UNPAID))
    return max(0.0, 1.0 - paid / max(1, total_rounds(facts)))


def left_owing(member: Member, facts: Facts) -> bool:
    """Whether the member left after taking a pot, and before the circle was completed, with rounds still to pay."""
    left = member.dropped_at
    if left is None or not member.has_left or (facts.completed_at is not None and left > facts.completed_at):
        return False
    took = any(payout.user == member.user and payout.at <= left for payout in facts.payouts)
    return took and share_owed(member, facts) > 0


def _findings(facts: Facts) -> Iterator[Finding]:
    yield from _left_after_payout(facts)
    yield from _strangers(facts)
    yield from _ends(facts)
    yield from _currencies(facts)
    if facts.payouts:
        yield from _overpaid(facts)
        yield from _out_of_turn(facts)
        yield from _shared(facts, "account", SHARED_ACCOUNT)
        yield from _shared(facts, "device", SHARED_DEVICE)
        yield from _growth(facts)


def _finding(rule: str, score: float, reason: str, otherwise: str, **evidence: Any) -> Finding:
    return Finding(rule, round(min(1.0, score), 6), reason, evidence, (), otherwise)


def _left_after_payout(facts: Facts) -> Iterator[Finding]:
    """A member took the pot and left: scored by the largest share of the rounds that such a member still owes."""
    if not facts.payouts:
        return
    owed = [share_owed(member, facts) for member in facts.members if member.dropped_at and left_owing(member, facts)]
    if owed:
        yield _finding(
            "left_after_payout",
            1.0 - prod(1.0 - share for share in owed),
            f"{_members(len(owed))} took the pot and left, owing up to {max(owed):.0%} of the rounds",
            "With the rounds paid that were still to come, no finding",
            members=len(owed),
            share_owed=round(max(owed), 3),
        )


def _strangers(facts: Facts) -> Iterator[Finding]:
    """Somebody paid in, or was paid, who never joined. Says nothing where nobody is known to have joined."""
    strangers = [member for member in facts.members if not has_joined(member, facts)]
    if not strangers or all(member.joined_at is None for member in facts.members):
        return
    paying = sum(bool(member.told.translate(None, UNPAID)) for member in strangers)
    paid = len({payout.user for payout in facts.payouts} & {member.user for member in strangers})
    otherwise = "From members who joined, no finding"
    if paying:
        reason = f"{_members(paying)} paid in without having joined"
        yield _finding("stranger_paid_in", STRANGER_IN * paying, reason, otherwise, members=paying)
    if paid:
        reason = f"{_members(paid)} got a pot without having joined"
        yield _finding("stranger_paid_out", STRANGER_OUT * paid, reason, otherwise, members=paid)


def _ends(facts: Facts) -> Iterator[Finding]:
    """The circle ended twice, went on after its end, or was completed before everybody had had the pot."""
    ended, done = facts.ended_at, facts.completed_at
    if ended is None:
        return
    if facts.acted_at is not None and facts.acted_at > ended:
        hours = round((facts.acted_at - ended) / 3_600_000, 3)
        reason = f"Somebody still joined, left, paid or was paid {hours:,.1f} hours after the circle's end"
        yield _finding("event_after_end", AFTER_END, reason, "Before the end, no finding", hours_after=hours)
    if done is None:
        return
    if facts.failed_at is not None:
        reason = "The circle is told to be completed, and to have failed"
        yield _finding("completed_and_failed", CONTRADICTION, reason, "With one end, no finding")
    paid = {payout.user for payout in facts.payouts}
    entitled = [member.user for member in facts.members if has_joined(member, facts) and not member.has_left]
    without = sum(user not in paid for user in entitled)
    if without and not facts.evidence_truncated:
        yield _finding(
            "completed_unpaid",
            without / len(entitled),
            f"The circle is told to be completed, and {_members(without)} of {len(entitled)} never had the pot",
            "With a pot for every member, no finding",
            members=without,
            of=len(entitled),
        )


def _currencies(facts: Facts) -> Iterator[Finding]:
    """Money came or went in a currency that was not agreed on; it counts in no total."""
    if facts.founding is None:
        return
    agreed = facts.founding.currency
    found = {currency for each in facts.rounds for currency, _ in each.received} | {
        payout.currency for payout in facts.payouts
    }
    if found - {agreed}:
        others = ", ".join(sorted(found - {agreed}))
        reason = f"Money moved in {others}, and the members agreed on {agreed}"
        yield _finding("foreign_currency", FOREIGN_CURRENCY, reason, f"In {agreed}, no finding", currencies=others)


def _overpaid(facts: Facts) -> Iterator[Finding]:
    """A pot was paid out that had not come in: scored by the largest share that was missing from one."""
    received = {each.number: dict(each.received) for each in facts.rounds}
    paid: dict[tuple[int, str], int] = defaultdict(int)
    for payout in facts.payouts:
        paid[payout.number, payout.currency] += payout.amount_minor
    short = {
        number: 1.0 - received[number].get(currency, 0) / amount
        for (number, currency), amount in paid.items()
        if number in received and amount > received[number].get(currency, 0)
    }
    if short:
        number = max(short, key=lambda each: (short[each], each))
        yield _finding(
            "overpaid_pot",
            short[number],
            f"The pot of round {number} was paid out with {short[number]:.0%} of it not paid in",
            "With the pot full, no finding",
            rounds=len(short),
            round=number,
            share_short=round(short[number], 3),
        )


def _out_of_turn(facts: Facts) -> Iterator[Finding]:
    """Pots are concentrated: somebody had one more while another member was still waiting for theirs."""
    pots = Counter(payout.user for payout in facts.payouts)
    staying = [pots[each.user] for each in facts.members if has_joined(each, facts) and not each.has_left]
    if not staying:
        return
    allowed = min(staying) + 1
    beyond = sum(count - allowed for count in pots.values() if count > allowed)
    if beyond:
        waiting = sum(count < allowed for count in staying)
        yield _finding(
            "out_of_turn",
            2 * beyond / len(facts.payouts),
            f"{beyond} of {len(facts.payouts)} pots went to members who had had theirs, while {waiting} waited",
            "With every pot in turn, no finding",
            pots=beyond,
            of=len(facts.payouts),
            waiting=waiting,
        )


def _shared(facts: Facts, what: str, each: float) -> Iterator[Finding]:
    """Pots of several members went to one account, or were asked for from one device."""
    users: dict[bytes, set[str]] = defaultdict(set)
    for payout in facts.payouts:
        shared = payout.account if what == "account" else payout.device
        if shared:
            users[shared].add(payout.user)
    largest = max(map(len, users.values()), default=0)
    beyond = sum(len(members) - 1 for members in users.values())
    if beyond:
        yield _finding(
            f"shared_{what}",
            each * beyond,
            f"Pots of {_members(largest)} went through one {what}",
            f"Through {what}s of their own, no finding",
            members=largest,
            share=beyond,
        )


def _growth(facts: Facts) -> Iterator[Finding]:
    """Members were recruited after pots had been paid out, beyond those who left: new money that pays old promises."""
    first = first_payout_at(facts) or 0
    recruits = sum(member.joined_at is not None and member.joined_at > first for member in facts.members)
    left = sum(member.has_left for member in facts.members)
    before = sum(has_joined(member, facts) for member in facts.members) - recruits
    if recruits > left:
        yield _finding(
            "growth",
            (recruits - left) / max(1, before),
            f"{_members(recruits)} joined after the first pot was paid out, to {before} before",
            "With those who were members at the first pot, no finding",
            recruited=recruits,
            left=left,
            before=before,
        )


def _members(count: int) -> str:
    return f"{count} member{'' if count == 1 else 's'}"
