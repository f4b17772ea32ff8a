"""How healthy a circle is: four dimensions, each in [0, 1], and their weighted sum.

    contribution    what members paid when they had to, recent rounds weighing more
    membership      who left, and who was recruited after pots had been paid out
    financial       the money that moved, of the money that should have moved by now
    trust           what cannot or should not happen (`integrity`)

Losses are shares, and a dimension reaches 0 at `fatal_share` (one half): a circle of which half does not pay, half has
left, or half of the money is missing does not go on. What is not known yet counts neither way. Every dimension is
monotone: one more missed contribution never raises it. (But where a round pushes the oldest out of the facts.)

A circle of more members than are kept is judged by those who are, as a sample; its money is counted whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakay_streams.domain.circles.integrity import suspicion
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.circles.state import (
    MEMBERS_KEPT,
    STATUS,
    WAS_IN_TIME,
    WAS_LATE,
    WAS_MISSED,
    Facts,
    first_payout_at,
    has_joined,
)
from lakay_streams.domain.frozen import Frozen


class Health(Frozen):
    """The four dimensions."""

    contribution: float = 1.0
    membership: float = 1.0
    financial: float = 1.0
    trust: float = 1.0


def health_of(facts: Facts, limits: CircleLimits) -> Health:
    """Return all four dimensions."""
    paid = paid_by_round(facts)
    return Health(
        contribution_reliability(facts, paid, limits),
        membership_stability(facts, limits),
        financial_progress(facts, paid, limits),
        trust(facts),
    )


def weights_of(limits: CircleLimits) -> Health:
    """Return the weight of each dimension."""
    return Health(limits.contribution_weight, limits.membership_weight, limits.financial_weight, limits.trust_weight)


def score_of(health: Health, limits: CircleLimits) -> float:
    """Return the weighted sum, to six digits: 1 for a circle in which nothing went wrong."""
    return round(
        limits.contribution_weight * health.contribution
        + limits.membership_weight * health.membership
        + limits.financial_weight * health.financial
        + limits.trust_weight * health.trust,
        6,
    )


class Paid(Frozen):
    """How many contributions of one round came in time, came late and were missed."""

    in_time: int
    late: int
    missed: int

    @property
    def told(self) -> int:
        """How many of them are known."""
        return self.in_time + self.late + self.missed


def paid_by_round(facts: Facts) -> list[Paid]:
    """Return the counts of each round that is kept, in their order."""
    rounds = len(facts.rounds)
    # One row of bytes for each member, of which a round is a column.
    rows = b"".join([member.told.ljust(rounds, b"\0") for member in facts.members]).translate(STATUS)
    columns = [rows[index::rounds] for index in range(rounds)]
    return [Paid(each.count(WAS_IN_TIME), each.count(WAS_LATE), each.count(WAS_MISSED)) for each in columns]


def contribution_reliability(facts: Facts, paid_by: Sequence[Paid], limits: CircleLimits) -> float:
    """Return 1 less twice the weighted share of contributions missed; a late one counts as a quarter of a missed one.

    Each round weighs 0.8 of the next one. The share begins with one round in which every planned member paid, so that
    the first contribution missed does not decide everything. Rounds weigh by their distance to the newest, and that
    first one does too: a new round then changes no share but by what is paid or missed in it.
    """
    rounds = facts.rounds
    if not rounds:
        return 1.0
    newest, decay = rounds[-1].number, limits.round_decay
    due = members_judged(facts) * decay ** (newest - rounds[0].number + 1)
    lost = 0.0
    for each, paid in zip(rounds, paid_by, strict=True):
        if paid.told:
            weight = decay ** (newest - each.number)
            due += weight * paid.told
            lost += weight * (paid.missed + limits.late_loss * paid.late)
    return _left_of(lost / due, limits) if lost else 1.0


def planned_members(facts: Facts) -> int:
    """Return the number of members agreed on, else of those who joined before the first pot was paid out.

    Who founded the circle is one of them from the beginning, and not from the first event on that tells of them.
    """
    founding = facts.founding
    if founding is not None and founding.members:
        return founding.members
    first = first_payout_at(facts)
    joined = sum(
        has_joined(member, facts) and (first is None or member.joined_at is None or member.joined_at <= first)
        for member in facts.members
    )
    if founding is None:
        return joined
    return joined + all(member.user != founding.organizer for member in facts.members)


def members_judged(facts: Facts) -> int:
    """Return the number of members agreed on, as far as they are kept."""
    return min(planned_members(facts), MEMBERS_KEPT)


class Turnover(Frozen):
    """How many members left, how many were recruited after pots had been paid out, and how many there should be."""

    left: int
    recruited: int
    planned: int


def turnover_of(facts: Facts) -> Turnover:
    """Count who came and went; after the circle's completion everybody may go."""
    first, done = first_payout_at(facts), facts.completed_at
    left = recruited = 0
    for member in facts.members:
        joined, dropped = member.joined_at, member.dropped_at
        left += dropped is not None and member.has_left and (done is None or dropped <= done)
        recruited += first is not None and joined is not None and joined > first
    return Turnover(left, recruited, members_judged(facts))


def membership_stability(facts: Facts, limits: CircleLimits) -> float:
    """Return 1 less twice the share of members turned over: who left, or who came in after pots had been paid out.

    Whoever replaces one who left is one turnover and not two. A circle that failed has no members any more.
    """
    if facts.failed_at is not None:
        return 0.0
    turnover = turnover_of(facts)
    return _left_of(max(turnover.left, turnover.recruited) / max(1, turnover.planned), limits)


class Progress(Frozen):
    """Money of a circle, in minor units: what came in and went out, and what should have by now."""

    came_in: int
    due_in: int
    went_out: int
    due_out: int


def progress_of(facts: Facts, paid_by: Sequence[Paid]) -> Progress:
    """Reckon what moved against the schedule, in the currency agreed on.

    A round is due once its due date has come by the circle's latest event, or, without a date, once a pot of it was
    paid out or a later round was begun. Until then only what came in for it is due; from then on, a contribution of
    every planned member, or of all who are told to have paid or missed it, if they are more. Its pot, as far as it came
    in, should be paid out before the next round is due. A circle that failed owes all the rounds that it planned.
    """
    founding, ended = facts.founding, facts.ended_at is not None
    currency = "" if founding is None else founding.currency
    amount = 0 if founding is None else founding.amount_minor
    planned = planned_members(facts)
    now = max([at for at in (facts.acted_at, facts.completed_at, facts.failed_at) if at is not None], default=0)
    paid_out: dict[int, int] = {}
    for payout in facts.payouts:
        if payout.currency == currency or not currency:
            paid_out[payout.number] = paid_out.get(payout.number, 0) + payout.amount_minor
    came_in = due_in = went_out = due_out = 0
    is_newest, next_is_due = True, False
    for each, paid in zip(reversed(facts.rounds), reversed(paid_by), strict=True):
        got = sum([minor for its, minor in each.received if its == currency or not currency])
        out = min(got, paid_out.get(each.number, 0))
        begun_since = not is_newest or each.number in paid_out
        is_due = ended or (begun_since if each.due_at is None else each.due_at <= now)
        came_in += got
        due_in += max(got, max(planned, paid.told) * amount) if is_due else got
        went_out += out
        due_out += got if ended or next_is_due else out
        is_newest, next_is_due = False, next_is_due or is_due
    if facts.failed_at is not None and founding is not None:
        due_in += max(0, (founding.rounds or 0) - len(facts.rounds)) * planned * amount
    return Progress(came_in, due_in, went_out, due_out)


def financial_progress(facts: Facts, paid_by: Sequence[Paid], limits: CircleLimits) -> float:
    """Return 1 less twice the share of the money that should have moved by now, in and out, and did not."""
    progress = progress_of(facts, paid_by)
    due = progress.due_in + progress.due_out
    moved = progress.came_in + progress.went_out
    return _left_of((due - moved) / due, limits) if due else 1.0


def trust(facts: Facts) -> float:
    """Return 1 less the suspicion of all integrity findings together."""
    return 1.0 - suspicion(facts)


def _left_of(lost_share: float, limits: CircleLimits) -> float:
    return max(0.0, 1.0 - lost_share / limits.fatal_share)
