"""`lakay contracts`: events checked against the contracts in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakay_streams.cli.shared import settings_in_force

app = typer.Typer(help="The events' contracts.", no_args_is_help=True)


@app.command("validate", epilog="Exit codes: 0 every event is valid, 1 at least one is not, 2 wrong usage.")
def validate_events(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="One event, an array, or JSON lines."),
    ],
) -> None:
    """Check a file of events against the contracts in force (CONTRACTS_PATH, else the packaged ones).

    Each event that a worker would reject or skip is one line: its line in the file, and every reason.
    """
    from lakay_streams.contracts import Contracts, Rejected, Unknown
    from lakay_streams.contracts.validate import validate_file

    valid = invalid = 0
    for line, outcome in validate_file(file, Contracts.load(settings_in_force().contracts_path)):
        match outcome:
            case Rejected(reasons=reasons):
                invalid += 1
                print(f"{file}:{line}: {'; '.join(reasons)}")
            case Unknown(event_type=event_type):
                invalid += 1
                print(f"{file}:{line}: nobody handles events of type {event_type}")
            case _:
                valid += 1
    print(f"{valid} valid, {invalid} not")
    raise typer.Exit(1 if invalid else 0)
