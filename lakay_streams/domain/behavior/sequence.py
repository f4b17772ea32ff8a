"""The sequence of a takeover: passwords are guessed, a stranger enters, control is changed, money leaves.

Takeovers follow a course, and each of its steps has an innocent reading; together and by a stranger they have not.
FinCEN's advisory on account takeover (FIN-2011-A016) names access that differs from the customer's own, changes to the
customer's profile, and sudden transfers. The steps, within `ato_window_ms` of each other:

    step      what happened                                                                      weight
    guessing  several refused logins of a stranger (more for a user who mistypes), then this one   0.45
    entry     a session of a new device or from a new place; an impossible journey weighs 0.5      0.15
    change    e-mail, telephone, password, payout account changed (`profile_change.SENSITIVE`)     0.45
    transfer  money leaves                                                                         0.20

Each step counts in proportion to the strangeness of who took it, and they combine by noisy-or, as fraud findings do:

    sequence = 1 - product over steps of (1 - weight x strength)

What the user's own device does in a known place is never part of a takeover, whatever a stranger did before.
"""

from __future__ import annotations

from math import ceil

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import Profile
from lakay_streams.domain.compliance.words import INCOMING, channel_of
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.user_state import UserState

GUESSING = 0.45
ENTRY = 0.15
IMPOSSIBLE_ENTRY = 0.50
CHANGE = 0.45
TRANSFER = 0.20

WEIGHTS = {"guessing": GUESSING, "entry": ENTRY, "change": CHANGE, "transfer": TRANSFER}
"""The most each step adds; an impossible journey's entry adds `IMPOSSIBLE_ENTRY`."""

FEWEST_GUESSES = 0.6
"""The strength of guessing at the least number of refused logins; it is 1 at twice as many."""

LEAST_LOGIN_RATIO = 0.5
"""A user is allowed twice the refused logins at most, however often logins fail."""


class Steps(Frozen):
    """How strongly each step was taken, in [0, 1], times its weight."""

    guessing: float = 0.0
    entry: float = 0.0
    change: float = 0.0
    transfer: float = 0.0


NO_STEPS = Steps()


def steps_of(
    state: UserState,
    event: TransactionInitiated | UserEvent,
    strangeness: float,
    *,
    impossible: bool,
    limits: BehaviorLimits,
) -> Steps:
    """Return the steps that lead up to this event and include it; `strangeness` is that of its session."""
    if strangeness <= 0.0:
        return NO_STEPS
    profile, change, at = state.behavior, state.profile_change, event.occurred_at
    window = limits.ato_window_ms
    changed = 0.0
    if change is not None and profile.change_strangeness and 0 <= at - change.at <= window:
        changed = CHANGE * profile.change_strangeness
    return Steps(
        GUESSING * _guessing(profile, at, limits),
        IMPOSSIBLE_ENTRY if impossible else ENTRY * strangeness,
        changed,
        TRANSFER * strangeness if is_outgoing(event, limits) else 0.0,
    )


def sequence_score(steps: Steps) -> float:
    """Return the steps' common score in [0, 1)."""
    return 1.0 - (1.0 - steps.guessing) * (1.0 - steps.entry) * (1.0 - steps.change) * (1.0 - steps.transfer)


def guesses_allowed(logins: Ema, limits: BehaviorLimits) -> int:
    """Return from how many refused logins on a stranger seems to guess: more for a user whose own logins often fail."""
    ratio = logins.mean if logins.history else 1.0
    return ceil(limits.guesses_min / max(ratio, LEAST_LOGIN_RATIO))


def is_outgoing(event: TransactionInitiated | UserEvent, limits: BehaviorLimits) -> bool:
    """Whether money leaves the account; of an unknown type it may."""
    return isinstance(event, TransactionInitiated) and channel_of(event.type, limits.synonyms) not in INCOMING


def _guessing(profile: Profile, at: int, limits: BehaviorLimits) -> float:
    guesses = profile.guesses
    if guesses is None or not 0 <= at - guesses.last_at <= limits.ato_window_ms:
        return 0.0
    allowed = guesses_allowed(profile.habits.logins, limits)
    if guesses.refused < allowed:
        return 0.0
    strength = FEWEST_GUESSES + (1.0 - FEWEST_GUESSES) * (guesses.refused - allowed) / allowed
    return min(1.0, strength) * guesses.strangeness
