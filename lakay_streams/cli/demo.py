"""`lakay demo`: everything on this machine, with simulated traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXIT_CODES = "Exit codes: 0 alerts were committed, 1 none were or something failed, 2 wrong usage."
"""The exit codes of `demo`."""


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Stop by itself, so long after the first events.")
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Write a JSON summary to this file at the end.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Simulated events per second.")] = 1500,
    picture: Annotated[Path | None, typer.Option(help="Draw the view, as SVG, into this file at the end.")] = None,
) -> None:
    """Run everything on this machine: a Kafka, a worker, simulated traffic, and a live view of its alerts.

    With KAFKA_BOOTSTRAP_SERVERS set, that Kafka is used instead of an embedded one. Ctrl-C stops it all.
    """
    from lakay_streams.demo import run

    raise typer.Exit(run(seconds=seconds, summary=summary, rate=rate, picture=picture))
