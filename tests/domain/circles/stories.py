"""Circles' events as hypothesis draws them: any of the eight types, about few members and rounds, so that they meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lakay_streams.domain.events import CircleEvent
from tests.domain.circles.life import AMOUNT, DAY, START, WEEK

USERS = [f"m{number}" for number in range(6)]
numbers = st.integers(0, 7)


@st.composite
def _events(draw: st.DrawFn) -> CircleEvent:
    kind = draw(
        st.sampled_from(
            [
                "circle-created",
                "circle-member-joined",
                "circle-member-joined",
                "circle-member-dropped",
                "circle-contribution-received",
                "circle-contribution-received",
                "circle-contribution-received",
                "circle-contribution-missed",
                "circle-payout-executed",
                "circle-payout-executed",
                "circle-completed",
                "circle-failed",
            ]
        )
    )
    number = draw(numbers)
    due_at = START + number * WEEK
    at = due_at + draw(st.integers(-3, 4)) * DAY
    user = draw(st.sampled_from(USERS))
    money = {"amount_minor": draw(st.sampled_from([AMOUNT, AMOUNT, 5 * AMOUNT])), "currency": draw(currencies)}
    told: dict[str, Any] = {}
    match kind:
        case "circle-created":
            planned = st.none() | st.integers(2, 8)
            told = {**money, "members": draw(planned), "rounds": draw(planned)}
        case "circle-member-joined":
            told = {"position": draw(st.none() | st.integers(1, 6))}
        case "circle-contribution-received":
            told = {**money, "round": number, "due_at": draw(st.sampled_from([due_at, due_at, None]))}
        case "circle-contribution-missed":
            told = {"round": number, "due_at": due_at}
            at = max(at, due_at)
        case "circle-payout-executed":
            account, device = st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", None])
            told = {**money, "round": number, "account_id": draw(account), "device_id": draw(device)}
    event_id = str(draw(st.uuids()))
    return CircleEvent(
        event_id, kind, at, "sol", None if kind in {"circle-completed", "circle-failed"} else user, **told
    )


currencies = st.sampled_from(["USD", "USD", "USD", "HTG", "EUR"])


def circle_events() -> st.SearchStrategy[list[CircleEvent]]:
    """Return a circle's events, in no order, each with an id of its own."""
    return st.lists(_events(), min_size=1, max_size=40, unique_by=lambda event: event.event_id)


def missed_contributions() -> st.SearchStrategy[CircleEvent]:
    """Return one more missed contribution, told after it was due, of a member or of a stranger."""
    return st.builds(
        lambda event_id, user, number, later: CircleEvent(
            str(event_id),
            "circle-contribution-missed",
            START + number * WEEK + later,
            "sol",
            user,
            round=number,
            due_at=START + number * WEEK,
        ),
        st.uuids(),
        st.sampled_from([*USERS, "stranger"]),
        st.integers(0, 9),
        st.integers(1, WEEK),
    )
