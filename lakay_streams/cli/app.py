"""The `lakay` command: one door to the worker, its topics, its settings and its contracts.

Commands import what they need when they run, so that `lakay --help` answers at once. An error the user can act on is
one sentence on standard error and exit code 1; wrong usage is exit code 2.
"""

from __future__ import annotations

import os
import sys

import typer

from lakay_streams.cli import (
    audit,
    compliance,
    contracts,
    db,
    demo,
    lake,
    pii,
    processes,
    profile,
    rates,
    replay,
    reports,
    settings,
    simulator,
    topics,
)
from lakay_streams.cli.shared import EXIT_CODES
from lakay_streams.errors import LakayError

app = typer.Typer(
    help="Lakay Intelligence: fraud, takeover, circle-health and AML scoring for Trebanx, while events happen.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(epilog=EXIT_CODES)(processes.worker)
app.command(epilog=EXIT_CODES)(processes.archive)
app.command(epilog=EXIT_CODES)(processes.api)
app.command(epilog=demo.EXIT_CODES)(demo.demo)
app.command(epilog=EXIT_CODES)(simulator.simulate)
app.command(epilog=EXIT_CODES)(replay.replay)
app.command(epilog=EXIT_CODES)(replay.state)
app.command(epilog=simulator.EVALUATED)(simulator.evaluate)
for name, noun in {
    "topics": topics,
    "profile": profile,
    "settings": settings,
    "contracts": contracts,
    "compliance": compliance,
    "pii": pii,
    "rates": rates,
    "db": db,
    "audit": audit,
    "lake": lake,
    "report": reports,
}.items():
    app.add_typer(noun.app, name=name)


def main() -> None:
    """Run the command line: the project's own errors become one sentence and exit code 1."""
    # States, reports and logs hold personal values: what this process and its children make is for their user alone.
    os.umask(0o077)
    try:
        app()
    except LakayError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
