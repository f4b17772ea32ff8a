"""The rules of compliance, one to a file. A rule is a function from facts to a finding or None.

`RULES` are all of them by name, in the order in which alerts are sent. `CONTINUING` are those whose alert goes on over
days: what they find again within its time is an update of it. The others have one alert per business day or movement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lakay_streams.domain.compliance.alert import ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.rules import (
    circular_flow,
    corridor,
    ctr,
    ctr_warning,
    funnel,
    rapid_movement,
    structuring,
    travel_rule,
    unknown_currency,
    unusual_volume,
)

Rule = Callable[[Facts], ComplianceFinding | None]

_MODULES = (
    ctr,
    ctr_warning,
    structuring,
    rapid_movement,
    unusual_volume,
    funnel,
    circular_flow,
    corridor,
    travel_rule,
    unknown_currency,
)

RULES: Mapping[str, Rule] = {module.NAME: module.evaluate for module in _MODULES}

CONTINUING = frozenset({structuring.NAME, rapid_movement.NAME, funnel.NAME, circular_flow.NAME})

OF_ONE_MOVEMENT = frozenset({corridor.NAME, travel_rule.NAME})
"""Rules whose alert is about one movement: its window is the movement's id."""

REGULATIONS: Mapping[str, str] = {module.NAME: module.REGULATION for module in _MODULES}
"""What each rule is for."""
