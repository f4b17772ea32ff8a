"""What an event tells beside identity, amount and time is read where it can be, and never rejects the event."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts import Rejected
from lakay_streams.contracts.context import FIELDS, MAX_ID, MAX_TEXT, NOBODY
from lakay_streams.contracts.countries import CODE_OF, MIDDLES
from lakay_streams.contracts.topics import EVENT_TYPES, TRANSACTIONS
from lakay_streams.domain.events import Place
from lakay_streams.domain.frozen import astuple
from lakay_streams.telemetry.metrics import NOT_TOLD, counted
from tests.contracts.events import CONTRACTS, DROP, SCHEMAS, decode, event

UUID = "3b241101-e2bb-4255-8caf-4136c5660001"


def address(text: Any) -> Any:
    return decode(event(ip_address=text)).ip_address


def place(**location: Any) -> Any:
    return decode(event(geo_location=location)).place


def times_not_told(field: str) -> int:
    return counted(NOT_TOLD, ["field"]).get((field,), 0)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("73.16.4.21", "73.16.4.21"),
        (" 73.16.4.21\n", "73.16.4.21"),
        ("73.16.4.21:51234", "73.16.4.21"),
        ("::ffff:73.16.4.21", "73.16.4.21"),
        ("::FFFF:4910:0415", "73.16.4.21"),
        ("[::ffff:73.16.4.21]:443", "73.16.4.21"),
        ("2001:DB8:85A3::8A2E:370:7334", "2001:db8:85a3::8a2e:370:7334"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1%eth0", "2001:db8::1"),
        ("73.16.4.21, 198.51.100.2, 10.0.0.1", "73.16.4.21"),
        ("73.16.4.21:1234,198.51.100.2", "73.16.4.21"),
        ('for="[2001:db8::1]:4711";proto=https, for=198.51.100.2', "2001:db8::1"),
        ("For=73.16.4.21", "73.16.4.21"),
    ],
)
def test_an_address_is_one_however_it_is_written(written: str, read: str) -> None:
    assert address(written) == read


@pytest.mark.parametrize(
    "none",
    [
        "073.016.004.021",
        "73.16.4.021",
        "73.16.4",
        "73.16.4.256",
        "unknown",
        "localhost",
        "_hidden",
        "1224737813",
        "0x7f.1",
        "unknown, 73.16.4.21",
        "73.16.4.21 198.51.100.2",
        "2001:db8:::1",
        "[",
        "::ffff:10.0.0.1",
        "a" * 100000,
        "127.0.0.1",
        "0.0.0.7",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "255.255.255.255",
        "224.0.0.1",
        "::",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        5,
        True,
        7.5,
        [],
        ["73.16.4.21"],
        {"ip": "73.16.4.21"},
    ],
)
def test_what_is_no_address_of_a_user_is_not_told_and_counted(none: Any) -> None:
    before = times_not_told("ip_address")
    assert address(none) is None
    assert times_not_told("ip_address") == before + 1


@given(st.ip_addresses())
def test_every_address_is_read_in_its_canonical_form_and_again_the_same(found: Any) -> None:
    read = address(found.exploded.upper())
    assert read == address(str(found))
    assert read is None or read == str(ip_address(read)) == address(read)


@pytest.mark.parametrize("field", ["ip_address", "device_id", "recipient_id", "payment_method"])
def test_an_empty_text_says_nothing_and_is_no_mistake(field: str) -> None:
    before = times_not_told(field)
    for nothing in ("", "  "):
        assert decode(event(**{field: nothing})) == decode(event(**{field: DROP}))
    assert times_not_told(field) == before


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (0, 0),
        (0.0, -0.0),
        (1e-06, 1e-06),
        ("0", "0.0"),
        (37.751, -97.822),
        ("37.7510", "-97.8220"),
        (38, -97),
        (19, -72.4167),
        (18.971187, -72.285215),
        (60, -95),
        (90.5, 0),
        (0, 180.5),
        (1e300, 1),
        (10**30, 1),
        (None, None),
        (42.3, None),
        (None, -71.0),
        (True, True),
        ("north", "west"),
        ("nan", "nan"),
        ("1e1", "5"),
        ("4_2", "5"),
        ("٤٢", "5"),
        ([], {}),
    ],
)
def test_coordinates_that_are_no_place_leave_the_country(latitude: Any, longitude: Any) -> None:
    before = times_not_told("coordinates")
    assert place(latitude=latitude, longitude=longitude, country="HT", city="?") == Place(None, None, "HT", "?")
    assert place(latitude=latitude, longitude=longitude, city="Boston") is None
    assert times_not_told("coordinates") == before + 2


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (42.3601, -71.0589),
        (37.7511, -97.822),
        (37.75, -97.82),
        (0.0, 9.45),
        (-0.5, 0.0),
        (19.0001, -72.4167),
        (18.5944, -72.3074),
        (38.0, -97.0001),
        (90, 180),
        (-90.0, -180.0),
        (43.6532, -79.3832),
        (48.8566, 2.3522),
    ],
)
def test_whoever_is_near_a_countrys_middle_or_on_the_equator_has_a_place(latitude: float, longitude: float) -> None:
    for written in (
        {"latitude": latitude, "longitude": longitude},
        {"latitude": str(latitude), "longitude": str(longitude)},
    ):
        assert place(**written, country="US") == Place(latitude, longitude, "US", None)


def test_no_city_of_our_people_is_a_countrys_middle() -> None:
    assert all(abs(latitude) <= 90 and abs(longitude) <= 180 for latitude, longitude in MIDDLES)
    assert len(MIDDLES) > 250


@pytest.mark.parametrize("value", ["Boston", 5, [42.3, -71.0], True, {}, {"lat": 42.3, "lon": -71.0}])
def test_what_is_no_location_is_not_told(value: Any) -> None:
    assert decode(event(geo_location=value)).place is None


def test_a_city_is_a_text_that_one_can_keep() -> None:
    here = {"latitude": 42.3601, "longitude": -71.0589, "country": "US"}
    for city in (5, "x" * 129, ["Boston"]):
        assert place(**here, city=city) == Place(42.3601, -71.0589, "US", None)


@pytest.mark.parametrize(
    ("written", "read"),
    [("US", "US"), ("us", "US"), (" ht ", "HT"), ("Ht", "HT"), ("HTI", "HT"), ("usa", "US"), ("UK", "GB"), ("uk", "GB")]
    + [("EL", "GR"), ("XK", "XK"), ("SX", "SX"), ("IRN", "IR"), ("", None)]
    + [
        (none, None)
        for none in ("XX", "xx", "ZZ", "T1", "A1", "A2", "O1", "EU", "AP", "AN", "--", "Haiti", "509", "USAA")
    ],
)
def test_a_country_is_read_in_any_case_and_what_is_none_is_not_told(written: str, read: str | None) -> None:
    found = place(latitude=42.3601, longitude=-71.0589, country=written)
    assert found == Place(42.3601, -71.0589, read, None)
    told = decode(event("remittance-initiated", origin_country=written, destination_country=written))
    assert (told.origin_country, told.destination_country) == (read, read)


def test_every_country_has_two_codes_and_a_middle() -> None:
    assert len(set(CODE_OF.values())) == 250
    assert all(CODE_OF[code] == CODE_OF[code.lower()] == code for code in set(CODE_OF.values()))
    assert not {"XX", "ZZ", "T1", "A1", "A2", "O1", "EU", "AP"} & CODE_OF.keys()


IDS = [
    (event_type, field)
    for types in EVENT_TYPES.values()
    for event_type in types
    for field in SCHEMAS[event_type]["1.0"]["properties"]
    if field.endswith("_id")
]


@pytest.mark.parametrize(("event_type", "field"), IDS)
def test_uuids_compare_without_case(event_type: str, field: str) -> None:
    small = event(event_type, envelope={"event_id": UUID}, **{field: UUID})
    large = event(event_type, envelope={"event_id": UUID.upper()}, **{field: UUID.upper()})
    assert (
        decode(large)
        == decode(small)
        == decode(event(event_type, **{field: f" {UUID}\n"}, envelope={"event_id": UUID}))
    )


@pytest.mark.parametrize(("event_type", "field"), IDS)
def test_a_word_for_none_as_an_id_is_not_told_or_the_reason_to_reject(event_type: str, field: str) -> None:
    outcome = decode(event(event_type, **{field: "null"}))
    if isinstance(outcome, Rejected):
        assert outcome.reasons == (f"payload.{field}: must not be blank, nor a word for none",)
        assert field in SCHEMAS[event_type]["1.0"]["required"]
    else:
        assert "null" not in astuple(outcome)


def test_ids_that_are_no_uuids_keep_their_case() -> None:
    for opaque in ("Device-7F3A", "ABC", UUID.upper().replace("-", "_"), UUID.upper() + "0"):
        assert decode(event(device_id=opaque, user_id=opaque)) == decode(event(device_id=opaque, user_id=f"{opaque} "))
        assert decode(event(user_id=opaque)).user_id == opaque


@pytest.mark.parametrize("nobody", [*sorted(NOBODY), "NULL", "Undefined", " unknown "])
@pytest.mark.parametrize("field", ["device_id", "recipient_id"])
def test_a_word_for_none_makes_no_strangers_one(field: str, nobody: str) -> None:
    before = times_not_told(field)
    assert getattr(decode(event(**{field: nobody})), field) is None
    assert times_not_told(field) == before + 1


def test_a_device_of_a_number_or_a_push_token_is_still_a_device() -> None:
    assert decode(event(device_id=12345)).device_id == "12345"
    token = "f" * 163
    assert decode(event(device_id="x" * MAX_ID)).device_id == "x" * MAX_ID
    kept = decode(event(device_id=token)).device_id
    assert len(kept) < 40
    assert kept != decode(event(device_id=token + "0")).device_id
    assert kept == decode(event("device-registered", device_id=token)).device_id


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("cash", "cash"),
        ("CASH", "cash"),
        (" Cash ", "cash"),
        ("kach", "cash"),
        ("Espèces", "cash"),
        ("card", "card"),
        ("Money Order", "money_order"),
        ("money-order", "money_order"),
        ("DEBIT_CARD", "card"),
        ("ACH", "bank"),
        ("beads", "beads"),
        ("Mon Cash", "mon_cash"),
        ("Cash App", "cash_app"),
        ("cash_at_agent", "cash"),
        ("en efectivo", "cash"),
        ("CASH-DEPOSIT", "cash"),
        ("", None),
        ("?!", None),
        (5, None),
        ("x" * 65, None),
    ],
)
def test_how_money_is_handed_over_is_one_word(written: Any, read: str | None) -> None:
    assert decode(event(payment_method=written)).payment_method == read
    assert decode(event("remittance-initiated", payment_method=written)).payment_method == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (420, 420),
        (420.9, 420),
        (0, 0),
        (-0.0, 0),
        (-1, None),
        (10**10, None),
        (1e300, None),
        ("420", None),
        (True, None),
    ],
)
def test_a_count_is_a_whole_number_that_can_be(written: Any, read: int | None) -> None:
    told = decode(event("session-ended", duration_seconds=written, actions_count=written))
    assert (told.duration_seconds, told.actions_count) == (read, read)
    assert decode(event("circle-created", members=written)).members == read


def test_a_reason_is_cut_and_a_structure_is_none() -> None:
    assert decode(event("transaction-failed", reason="x" * 5000)).reason == "x" * MAX_TEXT
    assert decode(event("login-failed", failure_reason={"code": 5})).reason is None


@pytest.mark.parametrize("currency", ["usd", "Usd", "USD"])
def test_a_currency_is_read_in_any_case(currency: str) -> None:
    assert decode(event(currency=currency)) == decode(event())
    yen = decode(event(currency="jpy", amount=500))
    assert (yen.amount_minor, yen.currency) == (500, "JPY")
    rate = decode(event("exchange-rate-updated", base_currency=currency, quote_currency="htg"))
    assert rate.entity_id == "USD/HTG"


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CONTEXTS = [
    (event_type, field)
    for types in EVENT_TYPES.values()
    for event_type in types
    for field, rule in SCHEMAS[event_type]["1.0"]["properties"].items()
    if field in FIELDS and "type" not in rule
]


@given(st.sampled_from(CONTEXTS), ANYTHING)
def test_no_value_of_a_context_ever_rejects_an_event(which: tuple[str, str], value: Any) -> None:
    event_type, field = which
    assert decode(event(event_type, **{field: value})).event_type == event_type


@given(st.dictionaries(st.sampled_from(["latitude", "longitude", "country", "city"]), ANYTHING))
def test_no_location_ever_rejects_an_event_and_coordinates_are_both_or_none(location: dict[str, Any]) -> None:
    found = place(**location)
    if found is not None:
        assert (found.latitude is None) == (found.longitude is None)
        assert found.country is None or found.country in CODE_OF


def test_what_is_read_does_not_depend_on_how_the_numbers_are_parsed() -> None:
    """A long amount makes the whole record be read with exact numbers."""
    raw = json.dumps(event()).encode()
    long = raw.replace(b"120.5", b"120.500000000000")
    assert CONTRACTS.decode(long, TRANSACTIONS) == CONTRACTS.decode(raw, TRANSACTIONS)
    ended = decode(event("session-ended", duration_seconds=420.0))
    assert ended.duration_seconds == 420
