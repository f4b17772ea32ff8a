"""Settings of another time are had again from what the audit trail keeps, or it is said why not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from lakay_streams.errors import SettingsError
from lakay_streams.settings import Settings, countries, load_settings
from lakay_streams.settings.past import as_of


def kept(settings: Settings) -> dict[str, dict[str, object]]:
    """Return the decisive settings as the trail has them: through JSON."""
    found: dict[str, dict[str, object]] = json.loads(json.dumps(settings.decisive))
    return found


@pytest.fixture
def now() -> Settings:
    return load_settings(env_file=None)


@pytest.fixture
def then(now: Settings, tmp_path: Path) -> Settings:
    """Settings of which each group has others than now, and other countries are listed."""
    listed = countries.packaged()._replace(published="2024-10-25", increased_monitoring={"HT": "Haiti"})
    path = tmp_path / listed.file_name
    path.write_text(listed.as_json())
    return now.model_copy(
        update={
            "fraud": now.fraud.model_copy(update={"high_threshold": 0.55, "alert_kafka_topic": "elsewhere"}),
            "behavior": now.behavior.model_copy(update={"stale_tolerance": 2.0}),
            "compliance": now.compliance.model_copy(
                update={"ctr_threshold": Decimal("9000.00"), "high_risk_countries": path, "ctr_enabled": False}
            ),
        }
    )


def test_they_are_those_of_then(now: Settings, then: Settings, tmp_path: Path) -> None:
    assert then.version != now.version
    again = as_of(now, then.version, kept(then), tmp_path)
    assert (again.version, again.decisive) == (then.version, then.decisive)
    assert again.compliance_limits() == then.compliance_limits()
    assert again.user_limits() == then.user_limits()
    # Where alerts go decides nothing, and is of today.
    assert again.fraud.alert_kafka_topic == now.fraud.alert_kafka_topic


def test_those_of_now_are_those_of_now(now: Settings, tmp_path: Path) -> None:
    again = as_of(now, now.version, kept(now), tmp_path)
    assert again.decisive == now.decisive
    assert again.compliance.high_risk_countries is None
    assert not list(tmp_path.iterdir())


def test_a_setting_that_is_no_more_is_told(now: Settings, tmp_path: Path) -> None:
    before = kept(now)
    before["fraud"]["weight_of_the_moon"] = 1
    with pytest.raises(SettingsError, match=r"version abc .* differs in fraud\.weight_of_the_moon.*--settings"):
        as_of(now, "abc", before, tmp_path)


def test_a_value_that_is_refused_today_is_told(now: Settings, tmp_path: Path) -> None:
    before = kept(now)
    before["fraud"]["high_threshold"] = 7
    with pytest.raises(SettingsError, match="refuses fraud: high_threshold"):
        as_of(now, "abc", before, tmp_path)
