"""How Kafka's topics, and the states that they feed, are split into partitions: whether workers may start on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class PartitionLayout(NamedTuple):
    """How Kafka's topics and the states are split.

    `counts` are the partitions of every topic that must have as many as the others, changelogs included; `spread` is
    the number of partitions over which the states are spread, None where nothing is journalled.
    """

    counts: Mapping[str, int]
    changelogs: Sequence[str]
    state_partitions: int | None

    def told(self) -> str:
        """Return which counts there are, each with its topics."""
        having = defaultdict(list)
        for name, count in sorted(self.counts.items()):
            having[count].append(name)
        return ", ".join(
            f"{count} ({names[0]}{f' and {len(names) - 1} more' if names[1:] else ''})"
            for count, names in sorted(having.items())
        )

    def refusal(self, want: int) -> str | None:
        """Return why workers that count on `want` partitions must not start, and what to do; None when they may."""
        uneven = f"The topics have different partition counts, {self.told()}"
        match sorted(set(self.counts.values())):
            case [have] if self.state_partitions is not None and self.state_partitions < have:
                return (
                    f"The topics have {have} partitions and the states are spread over {self.state_partitions}: "
                    f"{_grow(self.state_partitions, have)}, again if it was interrupted."
                )
            case [have] if have < want:
                return (
                    f"The topics have {have} partitions and TOPIC_PARTITIONS is {want}: set TOPIC_PARTITIONS={have}, "
                    f"or {_grow(have, want)}."
                )
            case [have] if have > want:
                return (
                    f"The topics have {have} partitions and TOPIC_PARTITIONS is {want}: set TOPIC_PARTITIONS={have}, "
                    "since Kafka takes no partitions away."
                )
            case [old, new]:
                return f"{uneven}: {_grow(old, new)}, again if it was interrupted."
            case [_, second, *_, most]:
                return (
                    f"{uneven}: give those with fewer than {most} one count, such as {second}, with Kafka's "
                    f"`kafka-topics.sh --alter`, then {_grow(second, most)}."
                )
        return None


def _grow(old: int, new: int) -> str:
    return f"stop every worker and run `lakay topics grow {old} {new}`"
