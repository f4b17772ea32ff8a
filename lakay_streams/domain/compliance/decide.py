"""The compliance decision on one event about a customer's money: count first, then look.

Unlike fraud, which asks what is unusual, compliance adds up: a rule judges the totals with the movement in them. What
was told before changes nothing, whatever else was told since, so nobody has to drop events that come again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lakay_streams.domain.compliance.alert import ComplianceAlert, EddTrigger
from lakay_streams.domain.compliance.change import Change, Lost
from lakay_streams.domain.compliance.corridors import Peers
from lakay_streams.domain.compliance.counting import count
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Draft, Ledger, Page
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.looking import look
from lakay_streams.domain.compliance.movement import COUNTERPART, REMITTANCE, TRANSFER, Movement
from lakay_streams.domain.compliance.risk import assess
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.compliance.telling import MoneyEvent
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Rates

NO_PEERS: Mapping[str, Peers] = MappingProxyType({})

_NOTHING: Mapping[str, Entry | None] = MappingProxyType({})
_NO_PAGES: Mapping[int, Page | None] = MappingProxyType({})

_BETWEEN_USERS = frozenset({TRANSFER, REMITTANCE})


class ComplianceDecision(Frozen):
    """The customer's next state and what is to be told.

    `changes` are what counts otherwise than before, `lost` what could not be counted. `entries` by movement id and
    `pages` by business day are what to keep in the ledger, None for nothing more.
    """

    state: ComplianceState
    alerts: tuple[ComplianceAlert, ...] = ()
    edd: EddTrigger | None = None
    changes: tuple[Change, ...] = ()
    lost: tuple[Lost, ...] = ()
    entries: Mapping[str, Entry | None] = _NOTHING
    pages: Mapping[int, Page | None] = _NO_PAGES


def decide(
    state: ComplianceState,
    ledger: Ledger,
    event: MoneyEvent,
    limits: ComplianceLimits,
    rates: Rates,
    peers: Mapping[str, Peers] = NO_PEERS,
) -> ComplianceDecision:
    """Return the customer's next state and what was found; `peers` is what is usual, by corridor."""
    draft = Draft(state, ledger)
    changes, lost = count(draft, event, limits, rates)
    if not changes and not lost:
        return ComplianceDecision(draft.state, entries=draft.entries, pages=draft.pages)
    alerts = look(draft, changes, lost, event, limits, peers)
    risk, edd = assess(draft.state, event.entity_id, event.event_id, event.occurred_at, limits)
    paged_until = max(state.paged_until, *draft.pages) if draft.pages else state.paged_until
    state = replace(draft.state, risk=risk, paged_until=paged_until)
    return ComplianceDecision(state, tuple(alerts), edd, tuple(changes), tuple(lost), draft.entries, draft.pages)


def known_since(state: ComplianceState, registered_at: int) -> ComplianceState:
    """Return the state of a customer who registered then (ms UTC)."""
    return replace(state, registered_at=registered_at)


def onward(customer: str, movement: Movement) -> str | None:
    """Return the other user whose state must learn of a customer's movement; None where there is no such user."""
    if movement.channel not in _BETWEEN_USERS or movement.source == COUNTERPART:
        return None
    return movement.counterparty if movement.counterparty and movement.counterparty != customer else None
