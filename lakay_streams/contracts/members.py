"""Records that the circles agent sends to the members agent, on `lakay.internal.member.events`."""

from __future__ import annotations

from lakay_streams.contracts.internal import record
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.circles.membership import MemberChange
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import asdict


def member_changed(event: CircleEvent, change: MemberChange) -> bytes:
    """Return what a member's user learns of what a circle's event changed; its key is the user's id."""
    moment = time_text(event.occurred_at)
    payload = {
        "user_id": change.user_id,
        "circle_id": event.circle_id,
        "changed_at": moment,
        "counts_at": time_text(change.counts_at),
        **asdict(change.difference),
    }
    return record("member-changed", event.event_id, moment, payload)
