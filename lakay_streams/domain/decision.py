"""What a rule found, and what was decided from all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from lakay_streams.domain.frozen import Frozen

State = TypeVar("State")


class Finding(Frozen):
    """One rule's finding on one event.

    `score` is in [0, 1]. `reason` is a plain sentence for an operator. `evidence` holds the input values, the threshold
    and the margin, JSON-ready (amounts as decimal strings with their currency). `event_ids` are the events that
    contributed, oldest first. `otherwise` says what would have been different: "640.00 USD less, no finding".
    """

    rule: str
    score: float
    reason: str
    evidence: Mapping[str, Any]
    event_ids: tuple[str, ...]
    otherwise: str


class Decision(Frozen, Generic[State]):
    """The next state of the entity, and what was found.

    `score` is the rules' score; `composite_score` is the rules' and the model's combined (equal while no model is in
    force). Both in [0, 1]. `risk_tier` is low, medium, high or critical. `recommendation` is allow, monitor, review or
    block. `features` are what a model is given, by name. `otherwise` says, of a high or critical decision, which single
    difference would have kept it below: "640.00 USD less, no alert"; empty when no single one would.
    """

    state: State
    findings: tuple[Finding, ...] = ()
    features: Mapping[str, float] = {}
    score: float = 0.0
    composite_score: float = 0.0
    risk_tier: str = "low"
    recommendation: str = "allow"
    otherwise: tuple[str, ...] = ()
