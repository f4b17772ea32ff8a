"""From a valid event of each type to the domain's record of it: `KINDS` is the whole mapping.

A kind builds from a document that its schema has accepted, so it takes required fields and types for granted. Times,
amounts and ids have rules that no schema can state: `build` raises ValueError where one is broken, `violations` says
which. What is neither time nor amount nor identity is `context`, and rejects nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, cast

from msgspec import NODEFAULT
from msgspec.structs import fields as fields_of

from lakay_streams.contracts import context, topics
from lakay_streams.contracts.context import UUID_CHARS
from lakay_streams.contracts.money import positive_minor, to_minor, to_rate
from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.contracts.wellformed import Violation
from lakay_streams.domain.circles.membership import Tally
from lakay_streams.domain.events import (
    AlertDisposition,
    CircleEvent,
    CorridorRemittance,
    Event,
    ExchangeRateUpdated,
    MemberChanged,
    MoneyMoved,
    ProfileDisposition,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
    UserEvent,
)

Json = Mapping[str, Any]
Compute = Callable[[Json], Any]
"""A record's field as a function of the payload, where it is not a payload field as it stands."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units of the payload's `field`, whose currency stands in `currency`."""

    field: str = "amount"
    currency: str = "currency"
    convert: Callable[[Any, str], int] = to_minor

    def __call__(self, payload: Json) -> int | None:
        """Return the minor units, or None for an amount not given; raises ValueError as `money` does."""
        amount, currency = payload.get(self.field), payload.get(self.currency)
        if amount is None:
            return None
        if currency is None:
            raise ValueError(f"is not to be read without {self.currency}")
        return self.convert(amount, currency.upper())


@dataclass(frozen=True, slots=True)
class Identity:
    """The id in the payload's `field`, which says whose event it is."""

    field: str

    def __call__(self, payload: Json) -> str:
        """Return the id; raises ValueError as `context.identity` does."""
        return context.identity(payload[self.field])


@dataclass(frozen=True, slots=True)
class Instant:
    """Milliseconds UTC of the payload's `field`."""

    field: str

    def __call__(self, payload: Json) -> int | None:
        """Return the milliseconds, or None for a time not given; raises ValueError as `timestamps` does."""
        text = payload.get(self.field)
        return None if text is None else to_millis(text)


@dataclass(frozen=True, slots=True)
class Rate:
    """The exchange rate in the payload's `field`."""

    field: str

    def __call__(self, payload: Json) -> Decimal:
        """Return the rate; raises ValueError as `money` does."""
        return to_rate(payload[self.field])


class Kind(NamedTuple):
    """One event type: how its record is made of (document, payload), and its fields with rules of their own."""

    build: Callable[[Json, Json], Event]
    rules: tuple[Amount | Identity | Instant | Rate, ...]


def violations(kind: Kind, document: Json) -> Iterator[Violation]:
    """Yield every time, amount, rate and id that breaks a rule of its own; those of a wrong type are the schema's."""
    yield from _violation("timestamp", "", Instant("timestamp"), document)
    payload = document.get("payload")
    if isinstance(payload, dict):
        for rule in kind.rules:
            yield from _violation(rule.field, "payload.", rule, payload)


def _violation(field: str, prefix: str, rule: Compute, fields: Json) -> Iterator[Violation]:
    value = fields.get(field)
    wanted = (str,) if isinstance(rule, (Instant, Identity)) else (str, int, float, Decimal)
    if not isinstance(value, wanted) or isinstance(value, bool):
        return
    if isinstance(rule, Amount) and not isinstance(fields.get(rule.currency), str):
        # an amount out of bounds is out of bounds in any currency
        fields = {**fields, rule.currency: ""}
        yield Violation(f"{prefix}{rule.currency}", f"must be given with {field}")
    try:
        rule(fields)
    except ValueError as error:
        yield Violation(f"{prefix}{field}", str(error))


Reader = Callable[[Any], Any]
"""A field's value as the record has it, from what stands in the payload and is not null."""

_IDENTITIES = frozenset({"user_id", "sender_id", "circle_id", "transaction_id", "remittance_id", "movement_id"})
_IDS = _IDENTITIES | {
    *("recipient_id", "counterparty_id", "original_transaction_id", "session_id", "device_id", "account_id")
}
_READERS: dict[str, Reader] = {
    **dict.fromkeys(_IDENTITIES, context.identity),
    **{field: partial(context.identifier, field) for field in _IDS - _IDENTITIES},
    **dict.fromkeys(("currency", "receive_currency", "base_currency", "quote_currency"), str.upper),
    **{field: partial(context.country, field) for field in ("origin_country", "destination_country")},
    **{field: partial(context.whole, field) for field in ("duration_seconds", "actions_count")},
    **{field: partial(context.whole, field) for field in ("members", "rounds", "position")},
    **dict.fromkeys(("round", *Tally.__struct_fields__), int),  # JSON schema takes 3.0 for an integer
    "ip_address": context.address,
    "place": context.place,
    "payment_method": context.payment_method,
    "reason": partial(context.text, "reason"),
    "changed_fields": tuple,
}
"""How a record's field is read, by its name; the others are taken as they stand."""


def _kind(record: type[Event], time: str | None, fields: str, /, **computed: Compute | str) -> Kind:
    """Make the kind whose record takes `fields` from the payload, each by its reader, and the others computed.

    A field computed from a text has that name in the payload. `time` is the payload's own field of event time; without
    it, or where it is not given, the envelope's counts. Fields of the payload that are not named here are never read:
    nothing has validated them.
    """
    instant = Instant(time) if time else None
    own_fields = record.__struct_fields__[3:]  # after event_id, event_type, occurred_at
    names = {field: field for field in fields.split()}
    names |= {field: name for field, name in computed.items() if isinstance(name, str)}
    given = {*names, *computed}
    if not given <= set(own_fields):
        raise TypeError(f"{record.__name__} has no field {', '.join(given - set(own_fields))}")
    # JSON keys are strings: None is never one, and so stands for "not from the payload", which leaves the default
    sources = tuple(map(names.get, own_fields))
    readers = [(own_fields.index(field), _READERS[field]) for field in names if field in _READERS.keys() - _IDS]
    ids = [(own_fields.index(field), _READERS[field]) for field in names if field in _IDS]
    steps = [(own_fields.index(field), compute) for field, compute in computed.items() if not isinstance(compute, str)]
    identities = [Identity(name) for field, name in names.items() if field in _IDENTITIES]
    rules = tuple(
        rule
        for rule in (instant, *identities, *computed.values())
        if isinstance(rule, (Amount, Identity, Instant, Rate))
    )
    own_defaults = {field.name: field.default for field in fields_of(record) if field.default is not NODEFAULT}
    otherwise = tuple(map(own_defaults.get, own_fields))
    make = cast("Callable[..., Event]", record)

    def build(document: Json, payload: Json) -> Event:
        get: Callable[..., Any] = payload.get
        values: list[Any] = [*map(get, sources, otherwise)]
        for index, read in ids:
            value = values[index]
            # a UUID in small letters, as most ids are, is one as it stands
            if value.__class__ is str and len(value) == UUID_CHARS and value[8] == "-" and value.islower():
                continue
            if value is not None:
                values[index] = read(value)
        for index, read in readers:
            value = values[index]
            if value is not None:
                values[index] = read(value)
        for index, compute in steps:
            values[index] = compute(payload)
        timestamp, own_time = document["timestamp"], get(time)
        occurred_at = to_millis(timestamp)  # sound in any case, though the payload's own goes first
        if own_time is not None and own_time != timestamp:
            occurred_at = to_millis(own_time)
        return make(document["event_id"].lower(), document["event_type"], occurred_at, *values)

    return Kind(build, rules)


_POSITIVE = Amount(convert=positive_minor)
_RECEIVE = Amount("receive_amount", "receive_currency")
_LOGIN = "user_id device_id ip_address"
_UPDATED = "user_id transaction_id currency"
_ROUND = "circle_id user_id currency"
_REMITTANCE = "sender_id remittance_id recipient_id currency receive_currency origin_country destination_country"

KINDS: dict[str, Kind] = {
    "transaction-initiated": _kind(
        TransactionInitiated,
        "initiated_at",
        "user_id transaction_id currency type recipient_id device_id ip_address payment_method original_transaction_id",
        amount_minor=_POSITIVE,
        place="geo_location",
    ),
    "transaction-completed": _kind(TransactionUpdated, "completed_at", _UPDATED, amount_minor=Amount()),
    "transaction-failed": _kind(TransactionUpdated, "failed_at", f"{_UPDATED} reason", amount_minor=Amount()),
    "transaction-flagged": _kind(TransactionUpdated, "flagged_at", "user_id transaction_id reason"),
    "user-registered": _kind(UserEvent, "registered_at", _LOGIN),
    "user-verified": _kind(UserEvent, "verified_at", "user_id"),
    "user-profile-updated": _kind(
        UserEvent, "updated_at", _LOGIN, place="geo_location", changed_fields="changed_fields"
    ),
    "login-attempt": _kind(UserEvent, "attempted_at", _LOGIN, place="geo_location"),
    "login-success": _kind(UserEvent, "attempted_at", _LOGIN, place="geo_location"),
    "login-failed": _kind(UserEvent, "attempted_at", _LOGIN, place="geo_location", reason="failure_reason"),
    "session-started": _kind(UserEvent, "started_at", f"{_LOGIN} session_id", place="geo_location"),
    "session-ended": _kind(
        UserEvent,
        "ended_at",
        "user_id session_id",
        duration_seconds="duration_seconds",
        actions_count="actions_count",
    ),
    "device-registered": _kind(UserEvent, "registered_at", _LOGIN, place="geo_location"),
    "user-action-performed": _kind(UserEvent, "performed_at", f"{_LOGIN} session_id action"),
    "profile-disposition": _kind(ProfileDisposition, "disposed_at", "user_id disposition"),
    "alert-disposition": _kind(AlertDisposition, "disposed_at", "user_id alert_id disposition reason decided_by"),
    "exchange-rate-confirmed": _kind(
        ExchangeRateUpdated, "effective_at", "base_currency quote_currency", rate=Rate("rate")
    ),
    "circle-created": _kind(
        CircleEvent,
        "created_at",
        "circle_id currency frequency",
        user_id="organizer_id",
        amount_minor=Amount("contribution_amount"),
        members="members",
        rounds="rounds",
    ),
    "circle-member-joined": _kind(CircleEvent, "joined_at", "circle_id user_id", position="position"),
    "circle-member-dropped": _kind(CircleEvent, "dropped_at", "circle_id user_id reason"),
    "circle-contribution-received": _kind(
        CircleEvent,
        "received_at",
        f"{_ROUND} device_id account_id",
        round="round",
        amount_minor=Amount(),
        due_at=Instant("due_at"),
    ),
    "circle-contribution-missed": _kind(
        CircleEvent, None, _ROUND, round="round", amount_minor=Amount(), due_at=Instant("due_at")
    ),
    "circle-payout-executed": _kind(
        CircleEvent,
        "executed_at",
        "circle_id currency device_id account_id",
        user_id="recipient_id",
        round="round",
        amount_minor=Amount(),
    ),
    "circle-completed": _kind(CircleEvent, "completed_at", "circle_id", rounds="rounds_completed"),
    "circle-failed": _kind(CircleEvent, "failed_at", "circle_id reason"),
    "remittance-initiated": _kind(
        RemittanceEvent,
        "initiated_at",
        f"{_REMITTANCE} device_id ip_address payment_method",
        amount_minor=_POSITIVE,
        receive_amount_minor=_RECEIVE,
        place="geo_location",
    ),
    "remittance-processing": _kind(
        RemittanceEvent, "processed_at", _REMITTANCE, amount_minor=Amount(), receive_amount_minor=_RECEIVE
    ),
    "remittance-completed": _kind(
        RemittanceEvent, "completed_at", _REMITTANCE, amount_minor=Amount(), receive_amount_minor=_RECEIVE
    ),
    "remittance-failed": _kind(
        RemittanceEvent, "failed_at", "sender_id remittance_id currency reason", amount_minor=Amount()
    ),
    "member-changed": _kind(
        MemberChanged,
        "changed_at",
        "user_id circle_id",
        counts_at=Instant("counts_at"),
        **{count: count for count in Tally.__struct_fields__},
    ),
    "money-moved": _kind(
        MoneyMoved,
        "moved_at",
        "user_id movement_id direction channel currency counterparty_id device_id payment_method",
        amount_minor=Amount(),
    ),
    "money-returned": _kind(MoneyMoved, "returned_at", "user_id movement_id"),
    "corridor-remittance": _kind(CorridorRemittance, "completed_at", "corridor currency", amount_minor=Amount()),
    "exchange-rate-updated": _kind(
        ExchangeRateUpdated, "effective_at", "base_currency quote_currency", rate=Rate("rate")
    ),
}

if set(KINDS) != set(topics.TOPIC_OF):
    raise TypeError("records.KINDS and topics.TOPIC_OF must name the same event types")
