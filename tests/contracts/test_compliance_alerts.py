"""A compliance alert says everything that was found, keeps to its schema, and keeps its id when it is updated."""

from __future__ import annotations

import json
from uuid import UUID

from jsonschema import Draft7Validator

from lakay_streams.contracts import alerts
from lakay_streams.domain.compliance.alert import (
    FILE_CTR,
    OPEN,
    ComplianceAlert,
    ComplianceFinding,
    EddTrigger,
    Factor,
    Pair,
    Signal,
    Totals,
)
from lakay_streams.domain.compliance.movement import ASSUMED, DEPOSIT, IN, Movement
from lakay_streams.domain.frozen import replace
from tests.contracts.outbound import outbound_schema

NOON = 1_773_144_000_000
DAY = 20_522
CASH = Movement("t-1", NOON, DAY, IN, DEPOSIT, 1_000_001, "USD", 1_000_001, cash=IN, basis=ASSUMED)
FOREIGN = Movement("r-1", NOON, DAY, "out", "remittance", 5_000, "HTG", None, counterparty="u-2", country="HT")
FINDING = ComplianceFinding(
    "ctr",
    "31 CFR 1010.311",
    "2026-03-10",
    1.0,
    FILE_CTR,
    "10000.01 USD in cash came in on 2026-03-10",
    (CASH, FOREIGN),
    Totals(1, 1_000_001, 0, 1_000_001, 0),
    NOON,
    NOON + 1,
    ASSUMED,
    pairs=(Pair("t-1", "r-1", 12),),
    signals=(Signal("closeness", 0.5, 0.3, "near"),),
    values={"threshold_minor": 1_000_000},
)
FOUND = ComplianceAlert("u-1", FINDING, 2, OPEN, NOON + 1, NOON, DAY, DAY + 15)
TRIGGER = EddTrigger(
    "u-1", "e-1", NOON, 0.7, "high", "medium", (Factor("alerts", 1.0, 0.6, "a report"),), ("Where from?",), "2026-06-19"
)


def test_an_alert_keeps_to_its_schema_and_is_read_back() -> None:
    schema = outbound_schema("compliance-alert")
    Draft7Validator.check_schema(schema)
    alert = alerts.compliance_alert(FOUND, settings_version="v3")
    document = json.loads(alerts.encode(alert))
    Draft7Validator(schema).validate(document)
    fields = set(alerts.ComplianceAlert.__struct_fields__)
    assert set(document) == set(schema["properties"]) == set(schema["required"]) == fields
    assert alerts.decode_compliance(alerts.encode(alert)) == alert


def test_it_tells_amounts_times_and_what_is_not_known() -> None:
    document = json.loads(alerts.encode(alerts.compliance_alert(FOUND, settings_version="v3")))
    assert (document["business_day"], document["due_date"]) == ("2026-03-10", "2026-03-25")
    assert document["totals"]["cash_in_minor"] == 1_000_001
    cash, foreign = document["evidence"]["movements"]
    assert (cash["amount"], cash["usd_minor"], cash["cash"], cash["cash_basis"]) == (
        "10000.01",
        1_000_001,
        "in",
        "assumed",
    )
    assert (foreign["usd_minor"], foreign["rate"], foreign["cash"], foreign["device_id"]) == (None, None, None, None)
    assert foreign["destination_country"] == "HT"


def test_an_update_keeps_the_id_and_another_window_rule_or_user_has_another() -> None:
    def alert_id(found: ComplianceAlert) -> str:
        return alerts.compliance_alert(found, settings_version="v3").alert_id

    assert alert_id(FOUND) == alert_id(replace(FOUND, revision=3, finding=replace(FINDING, reason="more")))
    others = {
        alert_id(replace(FOUND, user_id="u-9")),
        alert_id(replace(FOUND, finding=replace(FINDING, rule="structuring"))),
        alert_id(replace(FOUND, finding=replace(FINDING, window="2026-03-11"))),
    }
    assert len(others | {alert_id(FOUND)}) == 4
    assert UUID(alert_id(FOUND)).version == 5


def test_a_trigger_keeps_to_its_schema_and_is_read_back() -> None:
    schema = outbound_schema("edd-trigger")
    Draft7Validator.check_schema(schema)
    trigger = alerts.edd_trigger(TRIGGER, settings_version="v3")
    document = json.loads(alerts.encode(trigger))
    Draft7Validator(schema).validate(document)
    assert set(document) == set(schema["properties"]) == set(schema["required"])
    assert alerts.decode_edd(alerts.encode(trigger)) == trigger
