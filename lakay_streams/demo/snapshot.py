"""One moment of a running demo, as plain records: what `watching` counts and `view` and `summary` tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Backlog(NamedTuple):
    """One inbound topic: the records written since the demo began, and those the worker has not committed yet."""

    topic: str
    written: int
    lag: int


class SeenAlert(NamedTuple):
    """The latest committed alert of a kind about a user or circle, and how many there were of it, it included.

    `kind` is fraud, takeover, circle, compliance or diligence, `tier` the risk's or the circle's new one, of compliance
    open or withdrawn. `what` is the amount as people write it, else login or profile change; of a circle or a customer,
    the tier it had; of compliance, the rule. The reasons come by what they added to the score, of a circle by what they
    took from it, most first.
    """

    occurred_at: str
    kind: str
    tier: str
    whom: str
    what: str
    reasons: tuple[str, ...]
    rules: frozenset[str] = frozenset()
    times: int = 1


class Snapshot(NamedTuple):
    """Counts since the demo began, of what a reader of committed records sees.

    `seconds` count from the start, without the first download of Kafka. `kafka` is "embedded" or the address of the
    one in use, `pages` the address of the worker's web pages. `events` are the inbound records that the worker has
    committed, `events_per_s` their rate over the last seconds, and `mean_events_per_s` from the first commit to the
    last. `latest` has one alert per user or circle and kind: the newest of every kind first.
    """

    seconds: float
    kafka: str
    pages: str
    events: int
    events_per_s: float
    mean_events_per_s: float
    backlog: tuple[Backlog, ...]
    rejects: int
    checkpoints: int
    alerts_by_topic: Mapping[str, int]
    alerts_by_rule: Mapping[str, int]
    alerts_by_tier: Mapping[str, int]
    latest: tuple[SeenAlert, ...]
    seconds_to_first_alert: float | None

    @property
    def alerts(self) -> int:
        """Alerts on all topics."""
        return sum(self.alerts_by_topic.values())

    @property
    def lag(self) -> int:
        """Records of all inbound topics that wait."""
        return sum(backlog.lag for backlog in self.backlog)
