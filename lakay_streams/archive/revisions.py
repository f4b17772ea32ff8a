"""Which revision of an alert is kept, which is a copy of one that is, and which is none of its.

A revision that is new is kept, whatever its number: one that comes late is history, one that skips ahead is the latest
from then on, and the numbers that are missing are told. So what is shown in the end is the highest revision, in
whatever order they come. Nothing that is kept is ever replaced: the same revision with other content, and a record that
is about somebody else, are refused. The same with the same content is a copy, as at-least-once delivery sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from lakay_streams.pii.tokens import TOKEN


class Who(NamedTuple):
    """Whom an alert is about and what it is; neither ever changes. `entity` is a token of the user's, or an id."""

    kind: str
    alert_type: str
    entity: str


class Told(NamedTuple):
    """A revision as a record tells it.

    `entities` are the tokens of its user under every key that is held, `contents` the digests of its content; of both,
    those under the keys in force come first.
    """

    revision: int
    kind: str
    alert_type: str
    entities: Sequence[str]
    contents: Sequence[str]


class Copy(Enum):
    """The revision is kept already, with the same content."""

    COPY = auto()


COPY = Copy.COPY


class Kept(NamedTuple):
    """The revision is to be kept; `missing` are the first and last number that it skips, if any."""

    missing: tuple[int, int] | None = None


class Refused(NamedTuple):
    """The record cannot be kept as a revision of the alert it names, and why."""

    reason: str


@dataclass(slots=True)
class History:
    """What is kept of one alert: whom it is about (None before the first revision), and the digest of each revision.

    None stands in the place of a digest that cannot be made.
    """

    who: Who | None = None
    contents: dict[int, str | None] = field(default_factory=dict)

    def take(self, told: Told) -> Copy | Kept | Refused:
        """Judge a revision, and remember it if it is to be kept."""
        if reason := self._another(told):
            return Refused(reason)
        if told.revision in self.contents:
            return _compared(told, self.contents[told.revision])
        latest = max(self.contents, default=0)
        missing = (latest + 1, told.revision - 1) if told.revision > latest + 1 else None
        self.who = self.who or Who(told.kind, told.alert_type, told.entities[0])
        self.contents[told.revision] = told.contents[0]
        return Kept(missing)

    def _another(self, told: Told) -> str | None:
        if self.who is None:
            return None
        if (told.kind, told.alert_type) != (self.who.kind, self.who.alert_type):
            return f"alert_id: is that of another alert ({self.who.kind}, {self.who.alert_type})"
        if self.who.entity not in told.entities and _comparable(self.who.entity, told.entities):
            return "alert_id: is that of an alert about another user or circle"
        return None


def _comparable(kept: str, told: Sequence[str]) -> bool:
    """Whether a token is of a key that is held; one of another key may be anybody's. An id always is."""
    token = TOKEN.fullmatch(kept)
    return token is None or any(held[2] == token[2] for held in map(TOKEN.fullmatch, told) if held is not None)


def _compared(told: Told, kept: str | None) -> Copy | Refused:
    if kept in told.contents:
        return COPY
    held = {content.partition(":")[0] for content in told.contents}
    if kept is None or kept.partition(":")[0] not in held:
        return Refused(
            f"revision: {told.revision} is kept already, and whether it says the same cannot be told, since the key it "
            "was kept with is not held"
        )
    return Refused(f"revision: {told.revision} is kept already, and says something else")
