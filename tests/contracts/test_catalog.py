"""A folder of contracts overrides the packaged schemas; one that cannot be used stops the start with one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakay_streams.contracts import Contracts
from lakay_streams.errors import ContractError
from tests.contracts.events import DROP, SCHEMAS, decode, event, reasons

INITIATED = SCHEMAS["transaction-initiated"]["1.0"]


def write(folder: Path, name: str, schema: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(schema if isinstance(schema, str) else json.dumps(schema), encoding="utf-8")
    return folder


def requiring(*fields: str) -> dict[str, Any]:
    return {**INITIATED, "required": [*INITIATED["required"], *fields]}


@pytest.mark.parametrize(
    "name",
    [
        "transaction-initiated/1.0.json",
        "transaction-initiated/v1.0.json",
        "transaction-initiated.v1.0.json",
        "transaction-initiated.json",
        "events/transactions/transaction-initiated.json",
    ],
)
def test_a_file_overrides_the_packaged_schema_it_is_named_after(tmp_path: Path, name: str) -> None:
    contracts = Contracts.load(write(tmp_path, name, requiring("device_id")))
    assert reasons(event(device_id=DROP), contracts) == ("payload.device_id: is required",)
    assert decode(event(), contracts) == decode(event())
    assert decode(event("login-failed"), contracts) == decode(event("login-failed"))


def test_a_file_may_describe_the_whole_event(tmp_path: Path) -> None:
    whole = {"type": "object", "required": ["correlation_id"], "properties": {"payload": requiring("device_id")}}
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", whole))
    bad = event(envelope={"correlation_id": DROP}, device_id=DROP)
    assert set(reasons(bad, contracts)) == {"correlation_id: is required", "payload.device_id: is required"}


def test_the_envelope_can_be_overridden_for_every_event_type(tmp_path: Path) -> None:
    contracts = Contracts.load(write(tmp_path, "envelope/1.0.json", {"required": ["correlation_id"]}))
    for event_type in ("transaction-initiated", "circle-failed"):
        bad = event(event_type, envelope={"correlation_id": DROP})
        assert reasons(bad, contracts) == ("correlation_id: is required",)
    assert decode(event(envelope={"event_id": "e-1"}), contracts).event_id == "e-1"


def test_an_overriding_schema_may_widen_enumerations_and_patterns(tmp_path: Path) -> None:
    properties = {**INITIATED["properties"], "currency": {"type": "string"}}
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", {**INITIATED, "properties": properties}))
    assert decode(event(currency="usdc"), contracts).currency == "USDC"
    assert reasons(event(currency="usdc"))


def test_an_overriding_schema_rejects_no_event_for_its_context(tmp_path: Path) -> None:
    """But for a context that is not there at all, where the schema requires it."""
    strict = {"type": "string", "pattern": "^[A-Z]{2}$"}
    geo = {"type": "object", "required": ["latitude"], "properties": {"country": strict}}
    properties = {"geo_location": geo, "payment_method": {"enum": ["cash"]}, "device_id": {"maxLength": 3}}
    payload = {
        "required": ["ip_address"],
        "properties": {**properties, "ip_address": {"format": "ipv4", "minLength": 7}},
    }
    for name, schema in (("payload", payload), ("whole", {"properties": {"payload": payload}})):
        contracts = Contracts.load(write(tmp_path / name, "transaction-initiated.json", schema))
        odd = event(geo_location={"country": "T1"}, payment_method="beads", device_id="d" * 200, ip_address="?")
        assert decode(odd, contracts) == decode(odd)
        assert reasons(event(ip_address=DROP), contracts) == ("payload.ip_address: is required",)


def test_an_overriding_envelope_rejects_no_event_for_an_id_that_nobody_reads(tmp_path: Path) -> None:
    strict = {"properties": {"correlation_id": {"type": "string", "pattern": "^[0-9a-f-]{36}$"}}}
    contracts = Contracts.load(write(tmp_path, "envelope/1.0.json", strict))
    assert decode(event(envelope={"correlation_id": "c-1"}), contracts) == decode(event())


def test_what_records_are_built_from_stays_in_force(tmp_path: Path) -> None:
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", {}))
    bad = event(user_id=DROP, currency=5, amount=None, type=[])
    assert [reason.partition(":")[0] for reason in reasons(bad, contracts)] == [
        "payload.user_id",
        "payload.amount",
        "payload.currency",
        "payload.type",
    ]


def test_an_overriding_schema_may_name_the_one_value_there_is(tmp_path: Path) -> None:
    known = {"event_type": {"const": "transaction-initiated"}, "source_service": {"const": "wallet"}}
    whole = {"properties": {**known, "payload": {}}}
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", whole))
    assert reasons(event(), contracts) == ("source_service: breaks the schema's rule const",)
    assert decode(event(envelope={"source_service": "wallet"}), contracts) == decode(event())


def test_an_overriding_schema_may_use_what_no_type_can_express(tmp_path: Path) -> None:
    cash = {"if": {"properties": {"payment_method": {"const": "cash"}}}, "then": {"required": ["agent_id"]}}
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", {**INITIATED, **cash}))
    assert decode(event(), contracts) == decode(event())
    assert reasons(event(payment_method="cash"), contracts) == ("payload.agent_id: is required",)
    assert decode(event(payment_method="cash", agent_id="a-1"), contracts) == decode(event(payment_method="cash"))
    assert reasons(event(currency="USD\n"), contracts)


def test_a_newer_version_is_read_by_its_own_schema_and_found_for_later_minors(tmp_path: Path) -> None:
    write(tmp_path, "transaction-initiated/1.2.json", requiring("device_id"))
    contracts = Contracts.load(write(tmp_path, "transaction-initiated/2.0.json", requiring("ip_address")))
    assert contracts.versions("transaction-initiated") == ("1.0", "1.2", "2.0")
    bad = {
        version: event(envelope={"event_version": version}, device_id=DROP) for version in ("1.0", "1.2", "1.9", "2.0")
    }
    assert decode(bad["1.0"], contracts).device_id is None
    assert reasons(bad["1.2"], contracts) == reasons(bad["1.9"], contracts) == ("payload.device_id: is required",)
    assert decode(bad["2.0"], contracts).device_id is None
    assert "known, only 1.0, 1.2, 2.0" in reasons(event(envelope={"event_version": "3.0"}), contracts)[0]


def test_files_of_no_known_event_type_are_left_alone_and_listed(tmp_path: Path) -> None:
    write(tmp_path, "common/address.json", {"type": "string"})
    write(tmp_path, "README.txt", "not a schema")
    contracts = Contracts.load(write(tmp_path, "transaction-initiated.json", INITIATED))
    assert contracts.catalog.unused == ("common/address.json",)


@pytest.mark.parametrize(
    ("name", "schema", "message"),
    [
        ("transaction-initiated.json", "{", "cannot be read as JSON"),
        ("transaction-initiated.json", [], "is not a draft-07 JSON schema"),
        ("transaction-initiated.json", {"type": "money"}, "is not a draft-07 JSON schema"),
        ("transaction-initiated.json", {"$schema": "https://json-schema.org/draft/2020-12/schema"}, "not a draft-07"),
        ("transaction-initiated.json", {"$ref": "common.json#/x"}, "refers to common.json#/x, outside itself"),
        ("transaction-initiated.json", {"properties": {"x": {"$ref": "#/definitions/none"}}}, "cannot be used"),
        ("transaction-initiated.json", {"properties": {"x": {"pattern": "("}}}, "draft-07|cannot be used"),
        ("something-else.json", {}, "has no schema of an event that Lakay knows"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, name: str, schema: Any, message: str
) -> None:
    with pytest.raises(ContractError, match=message) as refused:
        Contracts.load(write(tmp_path, name, schema))
    assert str(tmp_path) in str(refused.value) or "transaction-initiated 1.0" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_files_for_one_version_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "transaction-initiated.json", INITIATED)
    with pytest.raises(ContractError, match=r"two schemas for transaction-initiated 1\.0"):
        Contracts.load(write(tmp_path, "transaction-initiated/1.0.json", INITIATED))


def test_a_missing_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"CONTRACTS_PATH=.*nowhere is not a folder: mount .* or unset it"):
        Contracts.load(tmp_path / "nowhere")
