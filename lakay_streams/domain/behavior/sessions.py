"""The sessions that a profile has not learned from yet: which event belongs to which, and when one is over.

An event belongs to the session of its device, network and region; what it does not tell fits any. A session in doubt
goes on whatever the pauses: all that one strange device does until it is settled is one. Bounded: with `HELD` of them,
the oldest makes room, and is forgotten.
"""

from __future__ import annotations

from hashlib import blake2b

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import Session
from lakay_streams.domain.events import Place
from lakay_streams.domain.geography import is_near

HELD = 4
AMOUNTS_HELD = 4
SUSPECTS = 2
"""How many sessions are held, amounts kept of each, and suspects remembered: bounds of the record."""


def tag_of(session_id: str) -> int:
    """Return what is kept of the platform's session id: a hash of 63 bits, never 0."""
    return int.from_bytes(blake2b(session_id.encode(), digest_size=8).digest()) >> 1 or 1


def find(
    held: tuple[Session, ...], device: str, network: str, place: Place | None, at: int, limits: BehaviorLimits
) -> int:
    """Return the place in `held` of the session that such an event belongs to, -1 when there is none."""
    idle = limits.session_idle_ms
    for index in range(len(held) - 1, -1, -1):
        session = held[index]
        if (
            at >= session.started_at - idle
            and (is_in_doubt(session) or (at <= session.last_at + idle and not session.ended))
            and (session.device == device or not device or not session.device)
            and (session.network == network or not network or not session.network)
            and (place is None or _is_near(session, place))
        ):
            return index
    return -1


def find_by_tag(held: tuple[Session, ...], tag: int) -> int:
    """Return the place in `held` of the session with that tag, -1 when there is none."""
    for index, session in enumerate(held):
        if session.tag == tag and not session.ended:
            return index
    return -1


def is_in_doubt(session: Session) -> bool:
    """Whether somebody else than the user may be behind it."""
    return session.suspected or session.signs.strangeness > 0.0


def is_suspect(suspects: tuple[Session, ...], session: Session, limits: BehaviorLimits) -> bool:
    """Whether the session comes from the device, or strangely from the network, of a recent suspected takeover."""
    return any(
        (
            suspect.device == session.device != ""
            or (suspect.network == session.network != "" and session.signs.strangeness > 0.0)
        )
        and session.started_at - suspect.last_at <= limits.suspect_ms
        for suspect in suspects
    )


def opened(held: tuple[Session, ...], session: Session) -> tuple[Session, ...]:
    """Return `held` with one more session."""
    return (*held, session) if len(held) < HELD else (*held[1 - HELD :], session)


def without(held: tuple[Session, ...], index: int) -> tuple[Session, ...]:
    """Return `held` without the session at `index`."""
    return (*held[:index], *held[index + 1 :])


def replaced(held: tuple[Session, ...], index: int, session: Session) -> tuple[Session, ...]:
    """Return `held` with another session at `index`."""
    return (*held[:index], session, *held[index + 1 :])


def _is_near(session: Session, place: Place) -> bool:
    if session.latitude is None or session.longitude is None or place.latitude is None or place.longitude is None:
        return True
    return is_near(session.latitude, session.longitude, place.latitude, place.longitude)
