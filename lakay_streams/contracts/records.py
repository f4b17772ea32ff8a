"""From a valid event of each type to the domain's record of it: `KINDS` is the whole mapping.

A kind builds from values that the event's schema has accepted, so it takes required fields and types for granted.
Times, amounts and ids have rules that no schema can state: `build` raises ValueError where one is broken, `violations`
says which. What is neither time nor amount nor identity is `context`, and rejects nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, cast

from msgspec import NODEFAULT, UNSET
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
Reader = Callable[[Any], Any]
"""A field's value as the record has it, from what stands in the payload and is not null."""

_NUMBERS = (str, int, float, Decimal)


@dataclass(frozen=True, slots=True)
class Rule:
    """A field of the payload whose reader raises ValueError, saying why, for some values of the types it `takes`."""

    field: str
    read: Reader
    takes: tuple[type, ...] = (str,)


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units of the payload's `field`, whose currency stands in `currency`."""

    field: str = "amount"
    currency: str = "currency"
    read: Callable[[Any, str], int] = to_minor


@dataclass(frozen=True, slots=True)
class Kind:
    """One event type: where its record's fields stand in the payload, how it is made, and the fields with own rules.

    `sources` are the payload's names of the record's fields, in their order, and last that of its time; `otherwise` has
    what stands for each that is not given: `UNSET`, or what the record has where no payload tells it.
    """

    sources: tuple[str | None, ...]
    otherwise: tuple[Any, ...]
    build: Callable[[str, str, str, list[Any]], Event]
    rules: tuple[Rule | Amount, ...]

    def record(self, document: Json) -> Event:
        """Return the record of a whole event; raises ValueError as its rules do."""
        values = [*map(document["payload"].get, self.sources, self.otherwise)]
        return self.build(document["event_id"], document["event_type"], document["timestamp"], values)


def violations(kind: Kind, document: Json) -> Iterator[Violation]:
    """Yield every time, amount, rate and id that breaks a rule of its own; those of a wrong type are the schema's."""
    yield from _violation("", Rule("timestamp", to_millis), document)
    payload = document.get("payload")
    if isinstance(payload, dict):
        for rule in kind.rules:
            yield from _violation("payload.", rule, payload)


def _violation(prefix: str, rule: Rule | Amount, fields: Json) -> Iterator[Violation]:
    value = fields.get(rule.field)
    if not isinstance(value, rule.takes if isinstance(rule, Rule) else _NUMBERS) or isinstance(value, bool):
        return
    try:
        if isinstance(rule, Rule):
            rule.read(value)
            return
        currency = fields.get(rule.currency)
        if not isinstance(currency, str):
            # an amount out of bounds is out of bounds in any currency
            currency = ""
            yield Violation(f"{prefix}{rule.currency}", f"must be given with {rule.field}")
        rule.read(value, currency.upper())
    except ValueError as error:
        yield Violation(f"{prefix}{rule.field}", str(error))


_IDENTITIES = frozenset({"user_id", "sender_id", "circle_id", "transaction_id", "remittance_id", "movement_id"})
_IDS = _IDENTITIES | {
    *("recipient_id", "counterparty_id", "original_transaction_id", "session_id", "device_id", "account_id")
}


def _as_it_stands(value: Any) -> Any:
    return value


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


def _kind(record: type[Event], time: str | None, fields: str, /, **others: str | Rule | Amount) -> Kind:
    """Make the kind whose record takes `fields` from the payload, and `others`, each by its reader or its own rule.

    A field of `others` that is a text has that name in the payload. `time` is the payload's own field of event time;
    without it, or where it is not given, the envelope's counts. Fields of the payload that are not named here are never
    read: nothing has validated them.
    """
    own_fields = record.__struct_fields__[3:]  # after event_id, event_type, occurred_at
    places = {field: place for place, field in enumerate(own_fields)}
    told = {**{field: field for field in fields.split()}, **others}
    if not told.keys() <= places.keys():
        raise TypeError(f"{record.__name__} has no field {', '.join(told.keys() - places.keys())}")
    names = {field: name if isinstance(name, str) else name.field for field, name in told.items()}
    own_rules = {field: rule for field, rule in others.items() if not isinstance(rule, str)}
    defaults = {field.name: None if field.default is NODEFAULT else field.default for field in fields_of(record)}

    ids = [(places[field], _READERS[field]) for field in names if field in _IDS]
    readers = [
        (places[field], own.read if isinstance(own, Rule) else _READERS.get(field, _as_it_stands), defaults[field])
        for field in names
        if field not in _IDS and not isinstance(own := own_rules.get(field), Amount)
    ]
    amounts = [
        (places[field], places[rule.currency], rule.read)
        for field, rule in own_rules.items()
        if isinstance(rule, Amount)
    ]
    make = cast("Callable[..., Event]", record)

    def build(event_id: str, event_type: str, timestamp: str, values: list[Any]) -> Event:
        own_time = values.pop()
        for place, read in ids:
            value = values[place]
            # a UUID in small letters, as most ids are, is one as it stands
            if value.__class__ is str and len(value) == UUID_CHARS and value[8] == "-" and value.islower():
                continue
            if value is not None:
                values[place] = None if value is UNSET else read(value)
        for place, read, otherwise in readers:
            value = values[place]
            if value is UNSET:
                values[place] = otherwise
            elif value is not None:
                values[place] = read(value)
        for place, currency_place, convert in amounts:
            amount = values[place]
            if amount is UNSET or amount is None:
                values[place] = None
                continue
            currency = values[currency_place]
            if currency is None:
                raise ValueError("an amount is not to be read without its currency")
            values[place] = convert(amount, currency)
        occurred_at = to_millis(timestamp)  # sound in any case, though the payload's own goes first
        if own_time.__class__ is str and own_time != timestamp:
            occurred_at = to_millis(own_time)
        return make(event_id.lower(), event_type, occurred_at, *values)

    own_time = [Rule(time, to_millis)] if time else []
    identities = [Rule(name, context.identity) for field, name in names.items() if field in _IDENTITIES]
    return Kind(
        # JSON keys are strings: None is never one, and so stands for "not from the payload"
        sources=(*map(names.get, own_fields), time),
        otherwise=(*(UNSET if field in names else defaults[field] for field in own_fields), UNSET),
        build=build,
        rules=(*own_time, *identities, *own_rules.values()),
    )


_POSITIVE = Amount(read=positive_minor)
_RECEIVE = Amount("receive_amount", "receive_currency")
_RATE = Rule("rate", to_rate, _NUMBERS)
_DUE = Rule("due_at", to_millis)
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
    "exchange-rate-confirmed": _kind(ExchangeRateUpdated, "effective_at", "base_currency quote_currency", rate=_RATE),
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
        due_at=_DUE,
    ),
    "circle-contribution-missed": _kind(CircleEvent, None, _ROUND, round="round", amount_minor=Amount(), due_at=_DUE),
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
        counts_at=Rule("counts_at", to_millis),
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
    "exchange-rate-updated": _kind(ExchangeRateUpdated, "effective_at", "base_currency quote_currency", rate=_RATE),
}

if set(KINDS) != set(topics.TOPIC_OF):
    raise TypeError("records.KINDS and topics.TOPIC_OF must name the same event types")
