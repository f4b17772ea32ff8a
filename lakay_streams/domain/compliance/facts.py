"""What the rules look at: a customer's movements, from where a new one stands or where one was taken away."""

from __future__ import annotations

from lakay_streams.domain.compliance.change import Lost
from lakay_streams.domain.compliance.corridors import Peers
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.state import ComplianceState, within
from lakay_streams.domain.frozen import Frozen


class Facts(Frozen):
    """The state with everything counted, and where to look: at `at` on business day `day`.

    `movement` is the new one, a receipt or an attempt too, for the rules about cash; None when a rule is asked again
    because a movement was taken back. `peers` are those of its corridor, None where too little is known of them.
    `running` are the rules with an alert that goes on here, and since when it goes on. `lost` is money that could not
    be counted.
    """

    state: ComplianceState
    limits: ComplianceLimits
    at: int
    day: int
    movement: Movement | None = None
    peers: Peers | None = None
    running: tuple[tuple[str, int], ...] = ()
    lost: Lost | None = None

    def end(self, window_ms: int) -> int:
        """Return the time of the newest movement within `window_ms` after `at`: a late one is seen in its context."""
        movements = self.state.movements
        if not movements or movements[-1].at <= self.at:
            return self.at
        later = within(self.state, self.at, self.at + window_ms)
        return later[-1].at if later else self.at

    def since(self, rule: str, otherwise: int) -> int:
        """Return since when the rule's alert goes on, at most `otherwise`."""
        return min([otherwise, *[since for each, since in self.running if each == rule]])

    def is_truncated(self, since: int) -> bool:
        """Whether details since then were dropped."""
        return max(self.state.dropped_until, self.state.receipts_dropped_until) >= since
