"""What an operator decided about a user: the profile begins anew, or the suspected sessions were the user's own."""

from __future__ import annotations

from lakay_streams.domain.behavior.learning import learned
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import NEW_PROFILE, Session
from lakay_streams.domain.behavior.sessions import is_in_doubt
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.events import ProfileDisposition
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.known import Known
from lakay_streams.domain.user_state import UserState

RESET = "reset"
"""The profile is wrong (it learned from a thief, or the account has a new owner): forget all habits, start again."""

LEGITIMATE = "legitimate"
"""The alert was a false one: learn the sessions in doubt and the suspected ones, and know their devices at once."""


def dispose(
    state: UserState, event: ProfileDisposition, limits: BehaviorLimits, seen: bytes | None = None
) -> UserState:
    """Return the user's state after an operator's disposition; what is counted for fraud stays as it is.

    `seen` is the ring of event ids that the next state carries.
    """
    state = replace(state, seen=state.seen if seen is None else seen)
    if event.disposition == RESET:
        return _reset(state)
    return _vouched(state, event.occurred_at, limits) if event.disposition == LEGITIMATE else state


def _reset(state: UserState) -> UserState:
    profile = state.behavior
    return replace(
        state,
        amounts=Ema(),
        devices=Known(),
        countries=Known(),
        networks=Known(),
        regions=(),
        behavior=replace(NEW_PROFILE, registered_at=profile.registered_at, verified_at=profile.verified_at),
    )


def _vouched(state: UserState, at: int, limits: BehaviorLimits) -> UserState:
    profile = state.behavior
    doubted = [session for session in profile.held if is_in_doubt(session)]
    begun = {session.started_at for session in doubted}
    doubted += [session for session in profile.suspects if session.started_at not in begun]
    for session in sorted(doubted, key=_started_at):
        state = learned(state, session, limits, known_since=min(session.started_at, at - limits.settle_ms))
    cleared = replace(
        state.behavior,
        held=tuple(session for session in profile.held if not is_in_doubt(session)),
        suspects=(),
        guesses=None,
        change_strangeness=0.0,
        alerts=(),
    )
    return replace(state, behavior=cleared)


def _started_at(session: Session) -> int:
    return session.started_at
