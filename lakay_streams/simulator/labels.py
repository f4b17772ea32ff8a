"""Ground truth: which events belong to which scenario or look-alike. Never part of an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson

from lakay_streams.errors import PrerequisiteError

FRAUD = "fraud"
"""Expected to be caught by the fraud rules: card testing, stolen account, impossible travel."""
TAKEOVER = "takeover"
"""Expected to be caught by the behaviour profile: somebody else than its owner uses the account."""
COMPLIANCE = "compliance"
CIRCLE = "circle"
LOOKALIKE = "lookalike"
"""Honest, however it looks: an alert on it is a false alarm."""


class Label(NamedTuple):
    """One scenario or look-alike as it was played.

    `kind` is fraud, takeover, compliance, circle or lookalike. `stealth` is 1 to 3, 0 for a look-alike. Times are
    event times in ms UTC of its first and last event. `event_ids` and `transaction_ids` are in order of appearance.
    `complete` is False when the stream ended before it did.
    """

    scenario_id: str
    scenario: str
    kind: str
    stealth: int
    user_id: str
    circle_id: str | None
    started_at: int
    ended_at: int
    complete: bool
    event_ids: tuple[str, ...]
    transaction_ids: tuple[str, ...]


class Episode:
    """A scenario or look-alike while it is played: counts what was told of it and notes what left the stream."""

    __slots__ = (
        "_event_ids",
        "_transaction_ids",
        "circle_id",
        "ended_at",
        "finished",
        "kind",
        "last_at",
        "scenario",
        "scenario_id",
        "started_at",
        "stealth",
        "told",
        "user_id",
    )

    def __init__(self, scenario_id: str, scenario: str, kind: str, stealth: int, user_id: str) -> None:
        """Begin an episode of nothing yet."""
        self.scenario_id, self.scenario, self.kind, self.stealth = scenario_id, scenario, kind, stealth
        self.user_id = user_id
        self.circle_id: str | None = None
        self.told = 0
        self.last_at = 0
        self.finished = False
        self.started_at = 0
        self.ended_at = 0
        self._event_ids: dict[str, None] = {}
        self._transaction_ids: dict[str, None] = {}

    def left(self, event_id: str, event_type: str, at: int, value: bytes) -> None:
        """Note that an event of it left the stream; a duplicate changes nothing."""
        if event_id in self._event_ids:
            return
        self.started_at = min(self.started_at or at, at)
        self.ended_at = max(self.ended_at, at)
        self._event_ids[event_id] = None
        if event_type == "transaction-initiated":
            self._transaction_ids[orjson.loads(value)["payload"]["transaction_id"]] = None

    def label(self) -> Label | None:
        """Return what happened so far; None before the first event left."""
        if not self._event_ids:
            return None
        return Label(
            self.scenario_id,
            self.scenario,
            self.kind,
            self.stealth,
            self.user_id,
            self.circle_id,
            self.started_at,
            self.ended_at,
            self.finished and self.told == len(self._event_ids),
            tuple(self._event_ids),
            tuple(self._transaction_ids),
        )


def write_labels(labels: Iterable[Label], path: Path) -> None:
    """Write one JSON object a line."""
    with path.open("wb") as file:
        for label in labels:
            file.write(msgspec.json.encode(label._asdict()) + b"\n")


def read_labels(path: Path) -> Iterator[Label]:
    """Read what `write_labels` wrote. Raises PrerequisiteError for a file that is missing or holds something else."""
    try:
        for line in path.read_bytes().splitlines():
            written = orjson.loads(line)
            yield msgspec.convert([written[name] for name in Label._fields], Label)
    except (OSError, orjson.JSONDecodeError, msgspec.ValidationError, LookupError, TypeError) as error:
        raise PrerequisiteError(f"{path} holds no labels ({error}): write them with `lakay simulate`") from error
