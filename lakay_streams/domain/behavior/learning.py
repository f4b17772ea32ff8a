"""How a profile learns: from whole sessions that are over, and never from one that was scored as a takeover.

A session of a device and a place the user is known by is learned when it ends. One in doubt is held back for a day
(`settle_ms`): a thief waits between the login and the transfer, and what the login taught would excuse the transfer. A
takeover found meanwhile makes every session in doubt suspected; those teach nothing, and neither does what comes from
their device or network for a month (`suspect_ms`), until an operator says who it was (`disposition`).

So a device, a country, a network or a region is new until a session with it has been learned; only the very first of
each kind is known at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from lakay_streams.domain import ema, usual
from lakay_streams.domain.behavior import rhythm
from lakay_streams.domain.behavior.clock import home_of, phases
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import Habits, Session, seconds_of
from lakay_streams.domain.behavior.sessions import SUSPECTS, is_in_doubt
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.geography import Region, sighted_region
from lakay_streams.domain.known import Known, sighted
from lakay_streams.domain.local_time import Home
from lakay_streams.domain.user_state import UserState


def settle(state: UserState, at: int, limits: BehaviorLimits) -> UserState:
    """Return the state after every session that is over at `at` (ms UTC) was learned or put aside.

    The same object when there is none.
    """
    for session in state.behavior.held:
        if _is_due(session, at, limits):
            return _settled(state, at, limits)
    return state


def learned(state: UserState, session: Session, limits: BehaviorLimits, known_since: int | None = None) -> UserState:
    """Return the state after the user's habits took in one session.

    Its device and place count as known since the session began, unless `known_since` (ms UTC) says otherwise.
    """
    decay, profile = limits.ema_decay_rate, state.behavior
    amounts = state.amounts
    for amount in session.amounts:
        amounts = usual.learn(amounts, amount, decay)
    since = session.started_at if known_since is None else known_since
    devices, countries, networks, regions = _sighted_in(state, session, since, decay)
    habits = _taught(profile.habits, session, home_of(regions, countries), decay)
    return replace(
        state,
        amounts=amounts,
        devices=devices,
        countries=countries,
        networks=networks,
        regions=regions,
        behavior=replace(profile, habits=habits),
    )


def _taught(habits: Habits, session: Session, home: Home | None, decay: float) -> Habits:
    first, last = session.started_at, session.last_at
    learned_at = last if habits.learned_at is None else max(last, habits.learned_at)
    if not session.logged_in:
        return replace(habits, learned_at=learned_at)
    hour, weekday = phases(first, home)
    seconds, actions = habits.seconds, habits.actions
    if session.tag:
        # Without the platform's own session id, nothing tells how long it really was.
        seconds = usual.learn(seconds, seconds_of(session), decay)
        if session.actions is not None:
            actions = usual.learn(actions, session.actions, decay)
    return Habits(
        habits.sessions + 1,
        first if habits.since_at is None else min(first, habits.since_at),
        learned_at,
        seconds,
        actions,
        rhythm.learn(habits.hours, hour),
        rhythm.learn(habits.weekdays, weekday),
        ema.learn(habits.logins, 1.0, decay),
    )


def known_from_the_start(state: UserState, session: Session, limits: BehaviorLimits) -> UserState:
    """Return the state with the user's first device, country, network and region, of each kind that is empty so far."""
    device = "" if state.devices.entries else session.device
    its_network = "" if state.networks.entries else session.network
    country = None if state.countries.entries else session.country
    latitude = None if state.regions else session.latitude
    if not device and not its_network and not country and latitude is None:
        return state
    first = replace(session, device=device, network=its_network, country=country, latitude=latitude)
    devices, countries, networks, regions = _sighted_in(state, first, session.started_at, limits.ema_decay_rate)
    return replace(state, devices=devices, countries=countries, networks=networks, regions=regions)


def suspect(state: UserState, sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Return the profile's suspects after these sessions took part in a takeover.

    Of each, only the device and the network that the user is not known by can be recognised again.
    """
    suspects = state.behavior.suspects
    for session in sessions:
        device = "" if _knows(state.devices, session.device) else session.device
        its_network = "" if _knows(state.networks, session.network) else session.network
        if device or its_network:
            others = [each for each in suspects if (each.device, each.network) != (device, its_network)]
            suspects = (*others, replace(session, device=device, network=its_network))[-SUSPECTS:]
    return suspects


def _sighted_in(
    state: UserState, session: Session, first: int, decay: float
) -> tuple[Known, Known, Known, tuple[Region, ...]]:
    """Return devices, countries, networks and regions after the user was seen in the session."""
    last = session.last_at
    devices, countries, networks, regions = state.devices, state.countries, state.networks, state.regions
    if session.device:
        devices = sighted(devices, session.device, first, last, decay)
    if session.country:
        countries = sighted(countries, session.country, first, last, decay)
    if session.network:
        networks = sighted(networks, session.network, first, last, decay)
    if session.latitude is not None and session.longitude is not None:
        regions = sighted_region(regions, session.latitude, session.longitude, first, last, decay)
    return devices, countries, networks, regions


def _is_due(session: Session, at: int, limits: BehaviorLimits) -> bool:
    """Whether the session has ended or been idle too long, and is in no doubt or was held back for long enough."""
    if not session.ended and at - session.last_at <= limits.session_idle_ms:
        return False
    return session.suspected or not is_in_doubt(session) or at - session.started_at >= limits.settle_ms


def _settled(state: UserState, at: int, limits: BehaviorLimits) -> UserState:
    kept: list[Session] = []
    for session in state.behavior.held:
        if not _is_due(session, at, limits):
            kept.append(session)
        elif not session.suspected:
            state = learned(state, session, limits)
    return replace(state, behavior=replace(state.behavior, held=tuple(kept)))


def _knows(known: Known, value: str) -> bool:
    return any(entry.value == value for entry in known.entries)
