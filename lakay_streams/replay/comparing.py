"""Comparison: which alerts appear, vanish or change between two runs of a period, by rule, user and money."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

import msgspec

from lakay_streams.replay.told import Told

EXAMPLES = 5
"""Alerts of a kind that are shown."""

BINS = 20
"""Of the distribution of scores, from 0 to 1."""


class Change(NamedTuple):
    """The same alert in both runs, with another content."""

    before: Told
    after: Told


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An alert to look at; `before` and `after` are its tiers."""

    id: str
    about: str | None
    user_id: str | None
    rules: tuple[str, ...]
    before: str | None
    after: str | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many alerts there are in the two runs, and what became of them; `retiered` are among the `changed`."""

    before: int
    after: int
    same: int
    appeared: int
    vanished: int
    changed: int
    retiered: int


class OfTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of alert, compared.

    `by_rule` counts what appeared and what vanished; `money` sums it by currency. `scores` are the distributions of
    both runs, in `BINS` equal parts of 0 to 1.
    """

    counts: Counts
    users_appeared: int
    users_vanished: int
    by_rule: dict[str, tuple[int, int]]
    money: dict[str, tuple[str, str]]
    scores: tuple[list[int], list[int]]
    appeared: list[Example]
    vanished: list[Example]
    retiered: list[Example]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs of a period (ms UTC), compared by topic. `days` are what alerts a day refer to."""

    since: int
    until: int
    days: float
    topics: dict[str, OfTopic]

    @property
    def is_same(self) -> bool:
        """Whether every alert is the same in both runs."""
        return all(not (of.counts.appeared or of.counts.vanished or of.counts.changed) for of in self.topics.values())


def compared(before: Iterable[Told], after: Iterable[Told], since: int, until: int) -> Comparison:
    """Compare two runs of a period.

    Both go a little beyond it, so that an alert at its edge is found in the other; only those within are counted.
    """
    topics: dict[str, tuple[dict[str, Told], dict[str, Told]]] = defaultdict(lambda: ({}, {}))
    for place, run in enumerate((before, after)):
        for alert in run:
            # What was sent twice (at least once) counts once, as its readers take it.
            topics[alert.topic][place].setdefault(alert.id, alert)
    found = {topic: _of_topic(*runs, since, until) for topic, runs in sorted(topics.items())}
    return Comparison(since=since, until=until, days=(until - since) / 86_400_000, topics=found)


def _of_topic(before: Mapping[str, Told], after: Mapping[str, Told], since: int, until: int) -> OfTopic:
    def within(run: Mapping[str, Told]) -> dict[str, Told]:
        return {key: alert for key, alert in run.items() if since <= alert.at < until}

    then, now = within(before), within(after)
    appeared = [alert for key, alert in now.items() if key not in before]
    vanished = [alert for key, alert in then.items() if key not in after]
    both = [Change(alert, after[key]) for key, alert in then.items() if key in after]
    changed = [change for change in both if change.before.value != change.after.value]
    retiered = [change for change in changed if change.before.tier != change.after.tier]
    return OfTopic(
        counts=Counts(
            before=len(then),
            after=len(now),
            same=len(both) - len(changed),
            appeared=len(appeared),
            vanished=len(vanished),
            changed=len(changed),
            retiered=len(retiered),
        ),
        users_appeared=len(_users(now.values()) - _users(then.values())),
        users_vanished=len(_users(then.values()) - _users(now.values())),
        by_rule=_by_rule(appeared, vanished),
        money=_money(appeared, vanished),
        scores=(_distribution(then.values()), _distribution(now.values())),
        appeared=[_example(None, alert) for alert in appeared[:EXAMPLES]],
        vanished=[_example(alert, None) for alert in vanished[:EXAMPLES]],
        retiered=[_example(*change) for change in retiered[:EXAMPLES]],
    )


def _users(alerts: Iterable[Told]) -> set[str]:
    return {alert.user_id for alert in alerts if alert.user_id is not None}


def _by_rule(appeared: Iterable[Told], vanished: Iterable[Told]) -> dict[str, tuple[int, int]]:
    more, less = (Counter(rule for alert in alerts for rule in alert.rules) for alerts in (appeared, vanished))
    return {rule: (more[rule], less[rule]) for rule in sorted(more | less)}


def _money(appeared: Iterable[Told], vanished: Iterable[Told]) -> dict[str, tuple[str, str]]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for place, alerts in enumerate((appeared, vanished)):
        for alert in alerts:
            if alert.money is not None:
                amount, currency = alert.money
                sums[currency][place] += Decimal(amount)
    return {currency: (str(more), str(less)) for currency, (more, less) in sorted(sums.items())}


def _distribution(alerts: Iterable[Told]) -> list[int]:
    counts = [0] * BINS
    for alert in alerts:
        if alert.score is not None:
            counts[min(BINS - 1, max(0, int(alert.score * BINS)))] += 1
    return counts


def _example(before: Told | None, after: Told | None) -> Example:
    alert = after or before
    assert alert is not None  # noqa: S101 - one of them is given
    return Example(
        id=alert.id,
        about=alert.about,
        user_id=alert.user_id,
        rules=alert.rules,
        before=before and before.tier,
        after=after and after.tier,
    )
