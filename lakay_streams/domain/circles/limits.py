"""The limits of circle health: the CIRCLE_* settings, and the constants that go with them.

`settings` fills this record from the environment. The runbook (section 2.3) fixes the four weights; the rest is this
project's.
"""

from __future__ import annotations

from dataclasses import dataclass

LATE_LOSS = 0.25
"""A late contribution counts as so much of a missed one."""


@dataclass(frozen=True, slots=True)
class CircleLimits:
    """Thresholds of the circles domain. Weights, scores and shares are in [0, 1]."""

    contribution_weight: float = 0.35
    membership_weight: float = 0.25
    financial_weight: float = 0.25
    trust_weight: float = 0.15

    healthy_threshold: float = 0.9
    watch_threshold: float = 0.75
    at_risk_threshold: float = 0.5
    hysteresis_margin: float = 0.03
    """How far above a threshold a score has to be for a circle to rise to its tier; it falls at the threshold."""

    fatal_share: float = 0.5
    """A dimension is 0 from this share on: of contributions missed, of members turned over, of money not moved."""
    round_decay: float = 0.8
    """A round weighs so much of what the next one weighs."""
    late_loss: float = LATE_LOSS


DEFAULT_LIMITS = CircleLimits()
"""The runbook's defaults, and this project's where it is silent."""
