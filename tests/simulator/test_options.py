"""What cannot be simulated is refused in one sentence that names the option."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lakay_streams.errors import SettingsError
from lakay_streams.simulator import SimulatorOptions


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("users", 0),
        ("events", -1),
        ("days", 0.0),
        ("duplicates", 1.5),
        ("scenario_share", -0.1),
        ("history_days", -3),
        ("stealth", (1, 4)),
        ("start", datetime(2026, 3, 2)),  # noqa: DTZ001 - that is what is refused
    ],
)
def test_a_value_out_of_range_is_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"^{option} is "):
        SimulatorOptions(**{option: value})


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"robbery is no scenario: choose from card_testing, stolen_account"):
        SimulatorOptions(scenarios=("robbery",))
