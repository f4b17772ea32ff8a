"""What documents show of the code, and what they are made of.

python -m tests.documents      writes the alert in README.md and the table in docs/operate/settings.md (`make docs`)
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from lakay_streams.contracts import Contracts, alerts
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.domain.users import decide
from lakay_streams.settings import Settings, explain
from lakay_streams.simulator import SimulatorOptions, simulate

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SETTINGS = ROOT / "docs" / "operate" / "settings.md"
OPEN, CLOSE = "```json\n", "\n```"
WIDTH = 118

SETTINGS_HEAD = """# Settings

Settings come from the process's environment and from `.env`; the environment wins. `lakay settings check` prints what
is in force, and refuses what is wrong in one sentence that says what to do. `.env.example` shows every setting as a
line to copy. `make docs` writes this table from the code.

| variable | default | meaning |
|---|---|---|
"""


def defaults() -> Settings:
    """Return the settings as they are where nothing is set."""
    with patch.dict(os.environ):
        for row in explain(Settings(), env_file=None):
            os.environ.pop(row.variable, None)
        return Settings()


def shown_alert() -> dict[str, Any]:
    """Return the first alert of a simulation that has exactly two findings; made by the code that a worker runs."""
    settings = defaults()
    limits, contracts = settings.user_limits(), Contracts.load(None)
    users: dict[str, UserState] = {}
    for record in simulate(SimulatorOptions(users=200, history_payments=6, scenario_share=0.05, fraud_first=True)):
        event = contracts.decode(record.value, record.topic)
        if not isinstance(event, TransactionInitiated | TransactionUpdated | UserEvent):
            continue
        state = users.get(event.user_id, NEW_USER)
        seen = remember(state.seen, event.event_id)
        if seen is None:
            continue
        decision = decide(state, event, limits, DEFAULT_RATES, seen)
        users[event.user_id] = decision.state
        fraud = decision.fraud
        if isinstance(event, TransactionInitiated) and fraud.risk_tier == "high" and len(fraud.findings) == 2:
            alert: dict[str, Any] = json.loads(
                alerts.encode(alerts.fraud_alert(fraud, event, settings_version=settings.version))
            )
            return alert
    raise AssertionError("no alert of the simulation has two findings")


def written(value: Any, indent: int = 0, before: int = 0) -> str:
    """Write JSON: what fits into a line on one, as people write it; `before` is how much of the line is used."""
    line = json.dumps(value, ensure_ascii=False)
    if (indent + before + len(line) <= WIDTH and indent) or not isinstance(value, dict | list):
        return line
    inside, pad = indent + 2, " " * (indent + 2)
    if isinstance(value, dict):
        named = [(f"{json.dumps(name)}: ", inner) for name, inner in value.items()]
        lines = [f"{pad}{name}{written(inner, inside, len(name))}" for name, inner in named]
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(f"{pad}{written(inner, inside)}" for inner in value) + "\n" + " " * indent + "]"


def alert_in(text: str) -> str:
    """Return the first JSON that a document shows."""
    return text[text.index(OPEN) + len(OPEN) :].partition(CLOSE)[0]


def settings_page() -> str:
    """Return docs/operate/settings.md."""
    return SETTINGS_HEAD + "".join(f"{row}\n" for row in _rows())


def _rows() -> Iterator[str]:
    for row in explain(defaults(), env_file=None):
        value = row.value.lower() if row.value in {"True", "False"} else row.value
        default = "" if value in {"", "-"} else f"`{value}`"
        meaning = " ".join(row.meaning.split()).replace("|", "\\|")
        yield f"| `{row.variable}` | {default} | {meaning} |"


if __name__ == "__main__":
    readme = README.read_text()
    README.write_text(readme.replace(alert_in(readme), written(shown_alert())))
    SETTINGS.write_text(settings_page())
    print(f"The alert in {README.relative_to(ROOT)} and {SETTINGS.relative_to(ROOT)} are those of the code.")
