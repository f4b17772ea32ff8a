"""What to simulate: the seed, how many people, for how long, which scenarios, and how badly the records travel."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from lakay_streams.errors import SettingsError

SCENARIO_NAMES = (
    "card_testing",
    "stolen_account",
    "impossible_travel",
    "credential_stuffing",
    "sim_swap",
    "hijacked_session",
    "mule",
    "structuring_day",
    "structuring_weeks",
    "pass_through",
    "failing_circle",
)
STEALTH_LEVELS = (1, 2, 3)
"""1 is blatant, 2 careful, 3 stealthy; each scenario's module says what that means for it."""

_SHARES = ("scenario_share", "lookalike_share", "out_of_order", "duplicates", "late", "wrong_keys", "poison")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """The same options give the same bytes. Shares are fractions of all events, in [0, 1].

    Raises SettingsError, naming the option, for a value that cannot be simulated.
    """

    seed: int = 1
    users: int = 1_000
    events: int | None = None
    """Stop after so many records; None for no limit."""
    days: float | None = None
    """Stop so many simulated days after `start`; None for no limit."""
    start: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    """When the full traffic begins. What happened before it is history."""
    history_days: int = 56
    """The days before `start` that are told thinly, so that most users are known by then."""
    history_payments: int = 8
    """Payments of each settled user in that history."""

    scenario_share: float = 0.01
    lookalike_share: float = 0.05
    scenarios: tuple[str, ...] = SCENARIO_NAMES
    """Scenarios that take turns; name one twice and it comes twice as often."""
    stealth: tuple[int, ...] = STEALTH_LEVELS
    fraud_first: bool = False
    """Begin with the scenarios of the fraud kind, so that a short run shows some."""

    out_of_order: float = 0.0
    """Come up to 50 records after their place."""
    duplicates: float = 0.0
    """Come a second time."""
    late: float = 0.0
    """Come 1 to 36 simulated hours late."""
    wrong_keys: float = 0.0
    """Come under no key or another one's."""
    poison: float = 0.0
    """Records that cannot be decoded, so many per event."""

    def __post_init__(self) -> None:
        """Check every option."""
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}: give a share between 0 and 1")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in {"users", "events", "days"} and value is not None and value <= 0:
                raise SettingsError(f"{field.name} is {value}: give a number above 0")
            if field.name in {"history_days", "history_payments"} and value < 0:
                raise SettingsError(f"{field.name} is {value}: give 0 or more")
        if unknown := sorted(set(self.scenarios) - set(SCENARIO_NAMES)):
            raise SettingsError(f"{unknown[0]} is no scenario: choose from {', '.join(SCENARIO_NAMES)}")
        if not set(self.stealth) <= set(STEALTH_LEVELS):
            raise SettingsError(f"stealth is {self.stealth}: choose from 1 (blatant), 2 (careful), 3 (stealthy)")
        if self.start.tzinfo is None:
            raise SettingsError(f"start is {self.start.isoformat()}, without an offset: end it with +00:00")

    @property
    def start_ms(self) -> int:
        """`start` in ms UTC."""
        return round(self.start.timestamp() * 1000)


def demo_options(seed: int = 1, users: int = 200) -> SimulatorOptions:
    """Return options for a minute's show: few people, so that their history is short, and fraud soon after it."""
    return SimulatorOptions(seed=seed, users=users, history_payments=6, scenario_share=0.05, fraud_first=True)
