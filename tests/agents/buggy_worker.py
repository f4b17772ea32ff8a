"""A worker as it is started for real, whose fraud domain has two bugs that a transaction's id sets off.

    python -m tests.agents.buggy_worker

`boom...` raises, as a bug in a rule would. `stuck:FILE` keeps the scoring loop busy until the file is there.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from agents import topology, transactions
from lakay_streams.domain.users import decide
from lakay_streams.process.supervisor import Supervisor
from lakay_streams.settings import load_settings
from lakay_streams.telemetry import logs


def buggy(state: Any, event: Any, *others: Any) -> Any:
    """Decide, unless the transaction says otherwise."""
    if event.transaction_id.startswith("boom"):
        raise ZeroDivisionError("a bug in a rule")
    if event.transaction_id.startswith("stuck:"):
        while not Path(event.transaction_id.removeprefix("stuck:")).exists():
            time.sleep(0.01)
    return decide(state, event, *others)


if __name__ == "__main__":
    settings = load_settings(env_file=None)
    logs.configure(settings.log_level)
    if sys.argv[1:] == ["--no-supervise"]:
        vars(transactions)["decide"] = buggy
        sys.exit(topology.main(settings))
    sys.exit(Supervisor([sys.executable, "-m", "tests.agents.buggy_worker", "--no-supervise"]).run())
