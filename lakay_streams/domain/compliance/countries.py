"""Countries of higher risk, as the Financial Action Task Force lists them: three times a year, on a day.

The list is data (`lakay_streams/settings/lists`), and which one is in force is a setting; here is only what it means.
"""

from __future__ import annotations

from lakay_streams.domain.frozen import Frozen

CALL_FOR_ACTION, MONITORED = "call for action", "increased monitoring"


class HighRiskCountries(Frozen):
    """One list: the day it was published (ISO 8601), and countries as ISO 3166 alpha-2.

    `call_for_action` is FATF's black list (recommendation 19: countermeasures), `monitored` its grey list.
    """

    published: str = ""
    call_for_action: frozenset[str] = frozenset()
    monitored: frozenset[str] = frozenset()

    def standing(self, country: str) -> str:
        """Return on which list a country is; empty for none."""
        if country in self.call_for_action:
            return CALL_FOR_ACTION
        return MONITORED if country in self.monitored else ""


NO_COUNTRIES = HighRiskCountries()
"""No list at all."""
