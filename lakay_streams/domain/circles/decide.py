"""The decision on one event of a circle: the next facts, how healthy the circle is, and whether its tier changes."""

from __future__ import annotations

from lakay_streams.domain.circles.health import Health, health_of, score_of
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.circles.observing import observe
from lakay_streams.domain.circles.state import CircleState, Facts, Moved, Standing
from lakay_streams.domain.circles.tiers import CRITICAL, TIERS, next_tier
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import Frozen

MOVED_KEPT = 8


class TierChange(Frozen):
    """A circle's tier changed with `event`. `old` and `new` are places in `TIERS`.

    `moved_by` are the newest events since the last change that moved the score in this direction, oldest first;
    `truncated` when there were more. `since_at` is when the old tier began, None for the one a circle begins with.
    """

    event: CircleEvent
    facts: Facts
    old: int
    new: int
    health: Health
    score: float
    since_at: int | None
    moved_by: tuple[Moved, ...]
    truncated: bool

    @property
    def old_tier(self) -> str:
        """The tier before, in words."""
        return TIERS[self.old]

    @property
    def new_tier(self) -> str:
        """The tier now, in words."""
        return TIERS[self.new]


class CircleDecision(Frozen):
    """The next state of a circle, its health, and the change of its tier, if it changed."""

    state: CircleState
    health: Health
    change: TierChange | None = None


def decide(state: CircleState, event: CircleEvent, limits: CircleLimits, seen: bytes | None = None) -> CircleDecision:
    """Return the circle's next state and what became of its tier; without `seen` the ring of ids stays as it is."""
    facts, standing = observe(state.facts, event), state.standing
    health = health_of(facts, limits)
    score = score_of(health, limits)
    tier = CRITICAL if facts.failed_at is not None else next_tier(standing.tier, score, limits)
    moved, change = standing.moved, None
    if score != standing.score or tier != standing.tier:
        by = round(score - standing.score, 6)
        moved = (*moved, Moved(event.event_id, event.event_type, event.occurred_at, by))
    if tier == standing.tier:
        # One more than a change tells, which says that there were more.
        standing = Standing(tier, standing.since_at, score, moved[-MOVED_KEPT - 1 :])
    else:
        fell = tier > standing.tier
        moved_by = (*[each for each in moved[-MOVED_KEPT:-1] if each.change and (each.change < 0) == fell], moved[-1])
        truncated = len(moved) > MOVED_KEPT
        change = TierChange(event, facts, standing.tier, tier, health, score, standing.since_at, moved_by, truncated)
        standing = Standing(tier, event.occurred_at, score)
    return CircleDecision(CircleState(state.seen if seen is None else seen, facts, standing), health, change)
