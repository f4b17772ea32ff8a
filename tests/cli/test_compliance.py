"""`lakay compliance lists`: the list in force is shown, a newer one compared and imported, a wrong one refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from lakay_streams.domain.compliance.countries import CALL_FOR_ACTION, MONITORED
from lakay_streams.settings import load_settings
from lakay_streams.settings.countries import outdated, packaged
from tests.cli.test_app import lakay

NEWER = {
    "published": "2026-10-23",
    "source": "FATF plenary of October 2026",
    "call_for_action": packaged().call_for_action,
    "increased_monitoring": {
        code: name for code, name in packaged().increased_monitoring.items() if code not in {"BG", "KE"}
    }
    | {"XK": "Kosovo"},
}


def test_the_packaged_list_is_the_one_of_19_june_2026() -> None:
    listed = packaged().countries
    assert listed.published == "2026-06-19"
    assert listed.call_for_action == {"KP", "IR", "MM"}
    assert listed.monitored == set(
        "AO BO BA BG CM CI CD HT IQ KE KW LA LB MC NP PG SS SY VE VN VG YE".split()  # noqa: SIM905 - one line to compare with
    )
    assert (listed.standing("IR"), listed.standing("HT"), listed.standing("US")) == (CALL_FOR_ACTION, MONITORED, "")


def test_the_list_in_force_is_shown(tmp_path: Path) -> None:
    shown = lakay("compliance lists show", tmp_path)
    assert shown.returncode == 0
    assert "published 2026-06-19" in shown.stdout
    assert "  HT Haiti" in shown.stdout


def test_a_newer_list_is_compared_imported_and_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "newer.json").write_text(json.dumps(NEWER))
    compared = lakay("compliance lists diff newer.json", tmp_path)
    assert compared.returncode == 1
    assert compared.stdout.splitlines() == [
        "2026-06-19 -> 2026-10-23: 3 changes",
        "  BG Bulgaria: increased_monitoring -> not listed",
        "  KE Kenya: increased_monitoring -> not listed",
        "  XK Kosovo: not listed -> increased_monitoring",
    ]
    imported = lakay("compliance lists import newer.json", tmp_path)
    assert imported.returncode == 0, imported.stderr
    file = tmp_path / "high_risk_countries-2026-10-23.json"
    assert f"COMPLIANCE_HIGH_RISK_COUNTRIES={file}" in imported.stdout
    monkeypatch.setenv("COMPLIANCE_HIGH_RISK_COUNTRIES", str(file))
    assert load_settings(env_file=None).compliance_limits().countries.standing("XK") == MONITORED
    assert (
        lakay(f"compliance lists diff {file.name}", tmp_path, COMPLIANCE_HIGH_RISK_COUNTRIES=str(file)).returncode == 0
    )


def test_a_spreadsheet_is_read_too(tmp_path: Path) -> None:
    rows = ["country,list,name", "KP,call_for_action,DPRK", "HT,increased_monitoring,Haiti"]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    assert "give it with --published" in lakay("compliance lists import list.csv", tmp_path).stderr
    done = lakay("compliance lists import list.csv --published 2026-10-23", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "high_risk_countries-2026-10-23.json").read_text())["call_for_action"] == {
        "KP": "DPRK"
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"published": "soon"}, "has no day"),
        ({"published": "2025-02-21"}, "older than the one in force"),
        ({"call_for_action": {"Iran": "Iran"}}, "use ISO 3166 alpha-2"),
        ({"call_for_action": ["IR"]}, "has no call_for_action"),
        ({"call_for_action": {"HT": "Haiti"}}, "on both lists"),
        ({"call_for_action": {}, "increased_monitoring": {}}, "lists no country"),
    ],
)
def test_what_is_no_newer_list_is_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    (tmp_path / "wrong.json").write_text(json.dumps(NEWER | changes))
    refused = lakay("compliance lists import wrong.json", tmp_path)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("published", "today", "newer_expected"),
    [
        ("2026-06-19", date(2026, 6, 30), False),
        ("2026-06-19", date(2026, 10, 31), False),
        ("2026-06-19", date(2026, 11, 1), True),
        ("2026-10-23", date(2026, 11, 1), False),
        ("2026-10-23", date(2027, 2, 28), False),
        ("2026-10-23", date(2027, 3, 1), True),
        ("2026-02-13", date(2026, 6, 30), False),
        ("2026-02-13", date(2026, 7, 1), True),
        ("2022-03-04", date(2022, 6, 30), False),
        ("2025-10-24", date(2026, 2, 1), False),
        ("2024-06-28", date(2026, 1, 15), True),
    ],
)
def test_a_list_is_outdated_when_the_month_of_the_plenary_after_it_is_over(
    published: str, today: date, newer_expected: bool
) -> None:
    told = outdated(published, today)
    assert (told is not None) == newer_expected
    if told is not None:
        assert f"is of {published}" in told
        assert "lakay compliance lists import" in told


def test_settings_check_warns_of_an_outdated_list_and_of_no_other(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(NEWER | {"published": "2021-02-25"}))
    (tmp_path / "new.json").write_text(json.dumps(NEWER | {"published": "2199-10-23"}))
    warned = lakay("settings check", tmp_path, COMPLIANCE_HIGH_RISK_COUNTRIES="old.json")
    assert (warned.returncode, warned.stderr.count("The list of high-risk countries is of 2021-02-25")) == (0, 1)
    assert (
        "list of high-risk" not in lakay("settings check", tmp_path, COMPLIANCE_HIGH_RISK_COUNTRIES="new.json").stderr
    )
