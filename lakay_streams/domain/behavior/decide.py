"""Whether somebody else has taken an account over: judge an event by the profile, then let the profile remember it.

    takeover score = 1 - (1 - anomaly x distrust) x (1 - sequence)        distrust = (1 + strangeness) / 2

`anomaly` says how far the event lies from the user's habits, `sequence` how far a takeover has got (see there). On the
user's own device the anomaly counts half: people travel, give presents and stay up late. So a known device in a known
place stays low, a known device or a known place alone stays medium, and a stranger on a new device in a new place is
high with one more step of a takeover: at an odd hour, after guessing, changing the profile, or sending money.

An alert is of one kind, by how far the takeover has got: in, the profile changed, money sent. A kind is alerted once
per user within `ato_dedup_ms` of event time, unless its tier rises.
"""

from __future__ import annotations

from lakay_streams.domain import ema, usual
from lakay_streams.domain.behavior import sessions
from lakay_streams.domain.behavior.anomaly import Anomaly, anomaly_score, unusual_activity, unusual_amount
from lakay_streams.domain.behavior.clock import home_of, oddness
from lakay_streams.domain.behavior.learning import known_from_the_start, learned, suspect
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import LAST_STEP_MS, Alerted, Guesses, Profile, Session, tolerance_of
from lakay_streams.domain.behavior.sequence import Steps, is_outgoing, sequence_score, steps_of
from lakay_streams.domain.behavior.signs import signs_of
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.known import kept_value, network
from lakay_streams.domain.recent import kept_id
from lakay_streams.domain.user_state import UserState

LOGIN = "takeover_login"
CHANGE = "takeover_profile_change"
TRANSFER = "takeover_transfer"

TIERS = ("low", "medium", "high", "critical")
HIGH = TIERS.index("high")

_ENROLMENT = frozenset({"user-registered", "user-verified"})
_LOGINS = frozenset({"login-success", "session-started"})
_JUDGED = frozenset({"login-success", "session-started", "device-registered", "transaction-initiated"})


class Takeover(Frozen):
    """The judgement on one event: whether the account seems to be taken over.

    `state` is what it was judged by: habits before the event, and whatever else the event counted into. `session` is
    the one it belongs to. `severity` is a place in `TIERS`; `alerted` when it is high at least and no repetition.
    `amount_minor` is what a transaction moves, in US cents, None where it cannot be converted.
    """

    event: TransactionInitiated | UserEvent
    state: UserState
    session: Session
    kind: str
    anomaly: Anomaly
    anomaly_score: float
    steps: Steps
    score: float
    severity: int
    alerted: bool
    amount_minor: int | None = None

    @property
    def risk_tier(self) -> str:
        """The tier in words: low, medium, high or critical."""
        return TIERS[self.severity]


def decide(
    state: UserState,
    event: TransactionInitiated | UserEvent,
    limits: BehaviorLimits,
    *,
    amount_minor: int | None = None,
    impossible: bool = False,
) -> tuple[UserState, Takeover | None]:
    """Return the user's next state, and the judgement on an event that a takeover could show in.

    `state` is settled (`learning.settle`). `amount_minor` is what a transaction moves, in US cents, None where it
    cannot be converted. `impossible` when nobody can have travelled from the user's last place to the event's.
    """
    kind = event.event_type
    if isinstance(event, UserEvent):
        if kind == "login-attempt":
            return state, None
        if kind == "login-failed":
            return _refused(state, event, limits), None
        if kind == "session-ended":
            return _ended(state, event, limits)
        if kind in _ENROLMENT:
            state = _enrolled(state, event)
    device, its_network = _actor(event)
    if not device and not its_network:
        return _unattended(state, amount_minor, limits), None
    held = state.behavior.held
    index = sessions.find(held, device, its_network, event.place, event.occurred_at, limits)
    begins = more = index < 0
    if begins:
        session = _begun(state, event, device, its_network, impossible, limits)
    else:
        session = held[index]
        more = impossible or _tells_more(session, event, device, its_network)
        if kind == "user-action-performed" and not more and _is_recent(session, event.occurred_at):
            return state, None
        if more:
            impossible = impossible or session.impossible
            signs = signs_of(state, event, impossible=impossible, limits=limits)
            session = replace(session, signs=signs, impossible=impossible)
    session = _with_event(session, event, device, its_network, amount_minor)
    in_doubt = sessions.is_in_doubt(session)
    changed = kind == "user-profile-updated" and _is_last_change(state, event)
    if changed:
        state = replace(state, behavior=replace(state.behavior, change_strangeness=session.signs.strangeness))
    takeover = None
    if in_doubt:
        if changed or kind in _JUDGED:
            takeover = _judged(state, event, session, limits, amount_minor)
    elif more:
        state = known_from_the_start(state, session, limits)
    state = _holding(state, sessions.opened(held, session) if begins else sessions.replaced(held, index, session))
    if takeover is not None and takeover.severity >= HIGH:
        state = _suspecting(state, takeover)
    return state, takeover


def _begun(
    state: UserState,
    event: TransactionInitiated | UserEvent,
    device: str,
    its_network: str,
    impossible: bool,
    limits: BehaviorLimits,
) -> Session:
    at = event.occurred_at
    signs = signs_of(state, event, impossible=impossible, limits=limits)
    session = Session(device, its_network, at, at, signs, impossible=impossible)
    if state.behavior.suspects and sessions.is_suspect(state.behavior.suspects, session, limits):
        session = replace(session, suspected=True)
    return session


def _judged(
    state: UserState,
    event: TransactionInitiated | UserEvent,
    session: Session,
    limits: BehaviorLimits,
    amount_minor: int | None = None,
    activity: float = 0.0,
) -> Takeover:
    at, habits, signs = event.occurred_at, state.behavior.habits, session.signs
    amount = 0.0
    if amount_minor is not None and is_outgoing(event, limits):
        amount = unusual_amount(state.amounts, amount_minor, habits, at, limits)
    home = home_of(state.regions, state.countries)
    odd = oddness(habits, home, at, tolerance_of(habits, at, limits))
    anomaly = Anomaly(odd, signs.device, signs.geo, amount, activity)
    far = anomaly_score(anomaly, habits, limits)
    steps = steps_of(state, event, signs.strangeness, impossible=session.impossible, limits=limits)
    kind = TRANSFER if steps.transfer else CHANGE if steps.change else LOGIN
    score = combined(far, steps, signs.strangeness)
    severity = severity_of(score, limits)
    alerted = severity >= HIGH and not _is_repetition(state.behavior, kind, severity, at, limits)
    return Takeover(event, state, session, kind, anomaly, far, steps, score, severity, alerted, amount_minor)


def combined(anomaly: float, steps: Steps, strangeness: float) -> float:
    """Return the takeover score in [0, 1), to six digits."""
    return round(1.0 - (1.0 - anomaly * (1.0 + strangeness) / 2.0) * (1.0 - sequence_score(steps)), 6)


def severity_of(score: float, limits: BehaviorLimits) -> int:
    """Return the place in `TIERS`; a score at a threshold is in the higher tier."""
    return (score >= limits.medium_threshold) + (score >= limits.high_threshold) + (score >= limits.critical_threshold)


def _is_repetition(profile: Profile, kind: str, severity: int, at: int, limits: BehaviorLimits) -> bool:
    return any(
        last.kind == kind and abs(at - last.at) < limits.ato_dedup_ms and severity <= last.severity
        for last in profile.alerts
    )


def _holding(state: UserState, held: tuple[Session, ...]) -> UserState:
    return replace(state, behavior=replace(state.behavior, held=held))


def _suspecting(state: UserState, takeover: Takeover) -> UserState:
    """Return the state after a takeover: its session and every one in doubt is suspected, and the alert remembered."""
    profile, own = state.behavior, takeover.session
    held = tuple(
        [replace(each, suspected=True) if sessions.is_in_doubt(each) or each == own else each for each in profile.held]
    )
    suspects = suspect(state, [each for each in held if each.suspected])
    alerts = profile.alerts
    if takeover.alerted:
        alert = Alerted(takeover.kind, takeover.severity, takeover.event.occurred_at)
        alerts = (*(each for each in alerts if each.kind != takeover.kind), alert)
    return replace(state, behavior=replace(profile, held=held, suspects=suspects, alerts=alerts))


def _with_event(
    session: Session,
    event: TransactionInitiated | UserEvent,
    device: str,
    its_network: str,
    amount_minor: int | None,
) -> Session:
    """Return the session after one more of its events."""
    at, kind, place = event.occurred_at, event.event_type, event.place
    tag, country, latitude, longitude = session.tag, session.country, session.latitude, session.longitude
    if not tag and isinstance(event, UserEvent) and event.session_id is not None:
        tag = sessions.tag_of(event.session_id)
    if place is not None and latitude is None:
        country, latitude, longitude = place.country or country, place.latitude, place.longitude
    amounts = session.amounts
    if amount_minor is not None and len(amounts) < sessions.AMOUNTS_HELD:
        amounts = (*amounts, amount_minor)
    return replace(
        session,
        device=session.device or device,
        network=session.network or its_network,
        started_at=min(session.started_at, at),
        last_at=max(session.last_at, at),
        logged_in=session.logged_in or kind in _LOGINS,
        ended=False,
        tag=tag,
        amounts=amounts,
        country=country,
        latitude=latitude,
        longitude=longitude,
    )


def _tells_more(session: Session, event: TransactionInitiated | UserEvent, device: str, its_network: str) -> bool:
    """Whether the event tells a device, network or place that no event of the session has told."""
    place = event.place
    return (
        (place is not None and place.latitude is not None and session.latitude is None)
        or (place is not None and place.country is not None and session.country is None and session.latitude is None)
        or (device != "" and not session.device)
        or (its_network != "" and not session.network)
    )


def _is_recent(session: Session, at: int) -> bool:
    return session.started_at <= at < session.last_at + LAST_STEP_MS and not session.ended


def _ended(state: UserState, event: UserEvent, limits: BehaviorLimits) -> tuple[UserState, Takeover | None]:
    """Close the platform's session; one that is in no doubt is learned at once."""
    profile = state.behavior
    index = -1 if event.session_id is None else sessions.find_by_tag(profile.held, sessions.tag_of(event.session_id))
    if index < 0:
        return state, None
    session = profile.held[index]
    session = replace(
        session,
        ended=True,
        last_at=max(session.last_at, event.occurred_at),
        seconds=event.duration_seconds,
        actions=event.actions_count,
    )
    if not sessions.is_in_doubt(session):
        return learned(_holding(state, sessions.without(profile.held, index)), session, limits), None
    activity = unusual_activity(session, profile.habits, event.occurred_at, limits)
    takeover = _judged(state, event, session, limits, activity=activity)
    state = _holding(state, sessions.replaced(profile.held, index, session))
    return (_suspecting(state, takeover) if takeover.severity >= HIGH else state), takeover


def _refused(state: UserState, event: UserEvent, limits: BehaviorLimits) -> UserState:
    """Count a refused login: the user's own towards how often logins succeed, a stranger's as a guess."""
    profile, at = state.behavior, event.occurred_at
    index = sessions.find(profile.held, *_actor(event), event.place, at, limits)
    if index >= 0:
        strangeness = profile.held[index].signs.strangeness
    else:
        strangeness = signs_of(state, event, impossible=False, limits=limits).strangeness
    if not strangeness:
        logins = ema.learn(profile.habits.logins, 0.0, limits.ema_decay_rate)
        return replace(state, behavior=replace(profile, habits=replace(profile.habits, logins=logins)))
    guesses = profile.guesses
    if guesses is None or abs(at - guesses.last_at) > limits.guess_gap_ms:
        guesses = Guesses(1, at, at, strangeness, kept_id(event.event_id))
    else:
        newest = at >= guesses.last_at
        guesses = Guesses(
            guesses.refused + 1,
            min(guesses.first_at, at),
            max(guesses.last_at, at),
            max(guesses.strangeness, strangeness),
            kept_id(event.event_id) if newest else guesses.event_id,
        )
    return replace(state, behavior=replace(profile, guesses=guesses))


def _actor(event: TransactionInitiated | UserEvent) -> tuple[str, str]:
    """Return the device and the network of an event as state keeps them, empty where it does not tell."""
    device_id, ip_address = event.device_id, event.ip_address
    return "" if device_id is None else kept_value(device_id), "" if ip_address is None else network(ip_address)


def _enrolled(state: UserState, event: UserEvent) -> UserState:
    profile, at = state.behavior, event.occurred_at
    if event.event_type == "user-registered":
        return replace(state, behavior=replace(profile, registered_at=at))
    return replace(state, behavior=replace(profile, verified_at=at))


def _unattended(state: UserState, amount_minor: int | None, limits: BehaviorLimits) -> UserState:
    """Learn the amount of a standing order, which no device tells of; not while a session is in doubt."""
    if amount_minor is None or any(map(sessions.is_in_doubt, state.behavior.held)):
        return state
    return replace(state, amounts=usual.learn(state.amounts, amount_minor, limits.ema_decay_rate))


def _is_last_change(state: UserState, event: TransactionInitiated | UserEvent) -> bool:
    change = state.profile_change
    return change is not None and change.at == event.occurred_at and change.event_id == kept_id(event.event_id)
