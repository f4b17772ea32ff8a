"""A user's behaviour profile: what sessions have shaped, and the sessions it has not learned from yet.

The habitat (devices, countries, networks, regions) and the usual amounts are slices of the same state, which the
profile's learning shapes too (`learning`). Times are event times in ms UTC.
"""

from __future__ import annotations

from lakay_streams.domain.behavior.limits import MINUTE_MS, BehaviorLimits
from lakay_streams.domain.behavior.rhythm import Rhythm
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.frozen import Frozen

BUILDING = "building"
ACTIVE = "active"
STALE = "stale"


LAST_STEP_MS = 5 * MINUTE_MS
"""An event that tells nothing else changes its session only so long after the last that did: most then cost no copy."""


class Signs(Frozen):
    """How little a session looks like the user's own, measured when it begins. All in [0, 1].

    `strangeness` is about who acts: 0 for a device and a place the user is known by, 1 for neither (`signs`). `device`
    and `geo` are dimensions of the anomaly score.
    """

    strangeness: float = 0.0
    device: float = 0.0
    geo: float = 0.0


OWN = Signs()
"""Nothing about it is unusual."""


class Session(Frozen):
    """What somebody did with one device from one network and region, from the first event to the last.

    Events tell a session together when no longer pause than `session_idle_ms` lies between them; the platform's own
    session id, of which `tag` is the hash (0 without one), stands in some of them only. `device` and `network` are
    empty where no event tells them. `last_at` is exact to `LAST_STEP_MS`. `logged_in` when it was entered by a login;
    without one (a payment a day later, say) it teaches nothing about sessions. `seconds` and `actions` are what
    session-ended tells. `amounts` are the first few that were moved, in US cents. `impossible` when nobody can have
    travelled there in the time. `suspected` once it was scored as a takeover: the profile never learns from it.
    """

    device: str
    network: str
    started_at: int
    last_at: int
    signs: Signs = OWN
    logged_in: bool = False
    ended: bool = False
    impossible: bool = False
    suspected: bool = False
    tag: int = 0
    seconds: int | None = None
    actions: int | None = None
    amounts: tuple[int, ...] = ()
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def seconds_of(session: Session) -> float:
    """Return how long a session lasted: what session-ended told, else from its first event to its last."""
    return (session.last_at - session.started_at) / 1000 if session.seconds is None else session.seconds


class Guesses(Frozen):
    """Logins of a stranger that were refused, one soon after the other: how many, since when, the last one's event."""

    refused: int
    first_at: int
    last_at: int
    strangeness: float
    event_id: str


class Alerted(Frozen):
    """The last takeover alert of a kind: how severe it was (2 is high, 3 critical), and when the event happened."""

    kind: str
    severity: int
    at: int


class Habits(Frozen):
    """What sessions have taught about their user.

    `sessions` were learned, the first at `since_at`, the last over at `learned_at`. `seconds` and `actions`: what is
    usual in a session. `hours` and `weekdays`: the rhythm of the user's own clock. `logins`: the share of logins that
    succeed.
    """

    sessions: int = 0
    since_at: int | None = None
    learned_at: int | None = None
    seconds: Ema = Ema()
    actions: Ema = Ema()
    hours: Rhythm = Rhythm()
    weekdays: Rhythm = Rhythm()
    logins: Ema = Ema()


class Profile(Frozen):
    """One user's habits, and what may become of them.

    `held`: sessions not learned yet. `suspects`: sessions scored as a takeover, as far as they were strange. `guesses`:
    the last refused logins of a stranger. `change_strangeness`: that of the session that made the last change in
    `UserState.profile_change`. `alerts`: the last takeover alert of each kind. `registered_at` and `verified_at`: when
    the account was opened and its owner's identity verified.
    """

    habits: Habits = Habits()
    held: tuple[Session, ...] = ()
    suspects: tuple[Session, ...] = ()
    guesses: Guesses | None = None
    change_strangeness: float = 0.0
    alerts: tuple[Alerted, ...] = ()
    registered_at: int | None = None
    verified_at: int | None = None


NEW_PROFILE = Profile()
"""The profile of a user before the first event."""


def state_of(habits: Habits, at: int, limits: BehaviorLimits) -> str:
    """Return building, active or stale, as seen at an instant (ms UTC)."""
    if habits.sessions < limits.min_sessions_active:
        return BUILDING
    if habits.learned_at is not None and at - habits.learned_at > limits.staleness_ms:
        return STALE
    return ACTIVE


def tolerance_of(habits: Habits, at: int, limits: BehaviorLimits) -> float:
    """Return how much wider the tolerance bands are than those of an active profile: 1, or more when it is stale."""
    return limits.stale_tolerance if state_of(habits, at, limits) == STALE else 1.0


def confidence_of(habits: Habits, limits: BehaviorLimits) -> float:
    """Return how much anomalies count, in [0, 1]: a profile that is being built knows little."""
    return min(1.0, habits.sessions / limits.min_sessions_active)
