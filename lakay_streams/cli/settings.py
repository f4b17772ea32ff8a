"""`lakay settings`: what is in force, and where it comes from."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from lakay_streams.cli.shared import settings_in_force

app = typer.Typer(help="Settings, from the environment and .env.", no_args_is_help=True)


@app.command("check", epilog="Exit codes: 0 every setting is valid, 1 at least one is refused, 2 wrong usage.")
def check_settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Print every setting in force, where it comes from and what it means; secrets are masked.

    Each refused setting is one line on standard error that names its variable and says what to do.
    """
    from lakay_streams.settings import countries, explain, unknown_variables, warnings

    loaded = settings_in_force()
    rows = explain(loaded)
    if as_json:
        import json

        print(json.dumps({"version": loaded.version, "settings": [row._asdict() for row in rows]}, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("Variable", "Value", "From", "Meaning", title=f"Settings, version {loaded.version}")
        for row in rows:
            table.add_row(*row, style=None if row.source == "default" else "bold")
        # A pipe has no width of its own: let scripts find each setting on one line.
        Console(width=None if sys.stdout.isatty() else 240).print(table)
    for variable, meant in unknown_variables().items():
        print(f"{variable} is no setting and changes nothing{meant and f': did you mean {meant}?'}", file=sys.stderr)
    for warning in warnings(loaded):
        print(f"warning: {warning}", file=sys.stderr)
    listed = countries.in_force(loaded.compliance.high_risk_countries)
    if outdated := countries.outdated(listed.published, datetime.now(UTC).date()):
        print(f"warning: {outdated}", file=sys.stderr)
