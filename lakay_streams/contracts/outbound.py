"""What Lakay sends, judged as strictly as what it is sent: by the packaged schema of its own type.

A field that the schema does not name is taken, as in events: a newer worker may add some, and who reads an older
version leaves them out. What it does name must be there and be right: types, words, ranges, times that exist, days, and
amounts that are the same in decimals and in minor units.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import resources
from itertools import islice
from typing import Any, NamedTuple

import fastjsonschema
import msgspec

from lakay_streams.contracts.alerts import AtoAlert, CircleTierChange, ComplianceAlert, EddTrigger, FraudAlert
from lakay_streams.contracts.catalog import INVALID, Document, Schema
from lakay_streams.contracts.money import to_minor
from lakay_streams.contracts.rejected import RejectedRecord
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.contracts.wellformed import Violation, is_surely_well_formed
from lakay_streams.contracts.wellformed import violations as form_violations

TYPES: Mapping[str, type[msgspec.Struct]] = {
    "fraud-alert": FraudAlert,
    "ato-alert": AtoAlert,
    "tier-change": CircleTierChange,
    "compliance-alert": ComplianceAlert,
    "edd-trigger": EddTrigger,
    "rejected": RejectedRecord,
}
"""Every schema in `schemas/outbound`, and the type that is written by it."""

#: Faults that are listed; a record with more is broken anyway.
MAX_REASONS = 20

_PATH_SHOWN = 128


class Outbound(NamedTuple):
    """One type of record that Lakay sends."""

    type: type[msgspec.Struct]
    schema: Schema

    def faults(self, raw: bytes, document: Document) -> tuple[str, ...]:
        """Return why `raw`, which parses to `document`, is no record of this type; nothing for one that is.

        No reason repeats a value: values are personal, and reasons are not sealed.
        """
        found = list(self._faults(raw, document))
        reasons = [f"{path[:_PATH_SHOWN]}: {message}" for path, message in dict.fromkeys(found)]
        if len(reasons) > MAX_REASONS:
            reasons[MAX_REASONS:] = ["record: has more faults than are listed here"]
        return tuple(reasons)

    def _faults(self, raw: bytes, document: Document) -> Iterator[Violation]:
        if not is_surely_well_formed(raw, document):
            yield from form_violations(raw, document)
        try:
            self.schema.check(document)
        except INVALID as error:
            told = list(islice(self.schema.violations(document), MAX_REASONS + 1))
            yield from told or [Violation(*_path_and_fault(str(error)))]
            return
        ((_, described),) = self.schema.parts
        yield from _by_meaning(document, described, "")
        try:
            msgspec.convert(document, self.type)
        except (msgspec.ValidationError, OverflowError):
            # the schema took it all the same; msgspec's own message may quote
            yield Violation("record", f"is no {self.type.__name__} of this version")


def load(name: str, version: str = "1.0") -> Outbound:
    """Compile the packaged schema of an outbound type, such as "fraud-alert"."""
    file = resources.files(__package__) / "schemas" / "outbound" / name / f"{version}.json"
    described: Document = json.loads(file.read_text(encoding="utf-8"))
    check: Callable[[Any], Any] = fastjsonschema.compile(described, use_formats=False, use_default=False)
    return Outbound(TYPES[name], Schema(name, version, check, (("", described),)))


def _by_meaning(value: Any, described: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Yield what a schema cannot say: times and days that do not exist, and amounts that contradict themselves."""
    match value:
        case dict():
            for name, inner in described.get("properties", {}).items():
                if value.get(name) is not None:
                    yield from _by_meaning(value[name], inner, f"{path}.{name}" if path else name)
            yield from _money(value, path)
        case list():
            for index, item in enumerate(value):
                yield from _by_meaning(item, described.get("items", {}), f"{path}[{index}]")
        case str() if described.get("format") == "date-time":
            try:
                to_millis(value)
            except ValueError as fault:
                yield Violation(path, str(fault))
        case str() if described.get("format") == "date":
            if not _is_day(value):
                yield Violation(path, "must be an existing day, such as 2026-02-27")


def _money(value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    amount, currency = value.get("amount"), value.get("currency")
    if not isinstance(amount, str) or not isinstance(currency, str):
        return
    place = f"{path}.amount" if path else "amount"
    minor = None
    try:
        minor = to_minor(amount, currency)
    except ValueError as fault:
        yield Violation(place, str(fault))
    told = value.get("amount_minor")
    if minor is not None and told is not None and told != minor:
        yield Violation(place, "is not what amount_minor says")


def _is_day(text: str) -> bool:
    try:
        # of the forms that ISO 8601 has for a day, the one that is written
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _path_and_fault(message: str) -> tuple[str, str]:
    path, _, fault = message.removeprefix("data.").partition(" ")
    with contextlib.suppress(ValueError):
        fault = fault[: fault.index(":")]
    return path, fault or "cannot be read"
