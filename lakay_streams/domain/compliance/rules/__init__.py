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
    could_not_be_counted,
    ctr,
    ctr_warning,
    funnel,
    rapid_movement,
    structuring,
    travel_rule,
    unknown_currency,
    unknown_type,
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
    unknown_type,
    could_not_be_counted,
)

RULES: Mapping[str, Rule] = {module.NAME: module.evaluate for module in _MODULES}

CONTINUING = frozenset({structuring.NAME, rapid_movement.NAME, funnel.NAME, circular_flow.NAME})

OF_ONE_MOVEMENT = frozenset({corridor.NAME, travel_rule.NAME, could_not_be_counted.NAME})
"""Rules whose alert is about one movement: its window is the movement's id."""

REGULATIONS: Mapping[str, str] = {module.NAME: module.REGULATION for module in _MODULES}
"""What each rule is for."""

ABOUT_FLOWS = (
    rapid_movement.NAME,
    unusual_volume.NAME,
    funnel.NAME,
    circular_flow.NAME,
    corridor.NAME,
    travel_rule.NAME,
)
"""Rules that look at every movement. The others find nothing in one that is of a known type, converted and not handed
over in cash or money orders, as nearly all are."""

ABOUT_CASH = (ctr.NAME, ctr_warning.NAME, structuring.NAME, unknown_currency.NAME)
"""Rules that look at what is handed in for a remittance when that happens; the others wait for the remittance."""

SUSPICION = frozenset(name for name, regulation in REGULATIONS.items() if "1022.320" in regulation)
"""Rules about suspicion. What was only attempted counts for it (31 CFR 1022.320(a)(2)): no failure withdraws theirs."""
