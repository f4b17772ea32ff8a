"""`lakay worker`, `lakay archive` and `lakay api`: processes that serve until they are stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lakay_streams.cli.shared import archive_extra, extra, settings_in_force


def worker(
    port: Annotated[int | None, typer.Option(help="Port of its web pages, instead of WORKER_PORT.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of its state, instead of LAKAY_DATA_DIR.")] = None,
    without_web: Annotated[bool, typer.Option("--without-web", help="Serve no web pages.")] = False,
    no_supervise: Annotated[
        bool, typer.Option("--no-supervise", help="Do not start it again; exit code 70 asks whoever started it to.")
    ] = False,
) -> None:
    """Score events from Kafka until stopped (Ctrl-C or SIGTERM stops it in good order).

    It starts again by itself when it was killed or had to stop. Start more of them to share the load: each needs its
    own --port and --data-dir. It creates the topics that are missing, and waits for a Kafka that does not answer.
    """
    if not no_supervise:
        raise typer.Exit(supervise())
    loaded = settings_in_force(serving=True)
    changes = {"worker_port": port, "lakay_data_dir": data_dir}
    loaded = loaded.model_copy(update={name: value for name, value in changes.items() if value is not None})
    from agents.topology import main as run

    raise typer.Exit(run(loaded, with_web=not without_web))


def archive(
    port: Annotated[int | None, typer.Option(help="Port of its web pages, instead of ARCHIVE_PORT.")] = None,
    without_web: Annotated[bool, typer.Option("--without-web", help="Serve no web pages.")] = False,
    no_supervise: Annotated[
        bool, typer.Option("--no-supervise", help="Do not start it again; exit code 70 asks whoever started it to.")
    ] = False,
) -> None:
    """Keep alerts, rejects and schema versions of the committed topics in PostgreSQL, until stopped.

    It makes the schema in a fresh database, waits for a Kafka or a PostgreSQL that does not answer, and starts again by
    itself when it was killed. Start more of them to share the load, each with its own --port.
    """
    if not no_supervise:
        raise typer.Exit(supervise())
    loaded = settings_in_force(serving=True)
    if port is not None:
        loaded = loaded.model_copy(update={"archive_port": port})
    with archive_extra():
        from agents.archive import main as run
    raise typer.Exit(run(loaded, with_web=not without_web))


def api(
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of PORT.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of HOST.")] = None,
) -> None:
    """Serve compliance reports over HTTP, until stopped.

    /health and /ready need no token. Everything else needs API_TOKEN as `Authorization: Bearer <token>`.
    """
    changes = {"port": port, "host": host}
    loaded = settings_in_force(serving=True)
    loaded = loaded.model_copy(update={name: value for name, value in changes.items() if value is not None})
    with extra("api", "the HTTP API"):
        from lakay_streams.api.server import main as run
    raise typer.Exit(run(loaded))


def supervise() -> int:
    """Run this command in a process that is started again when it was killed or asked for it; return its exit code."""
    from lakay_streams.process.supervisor import Supervisor
    from lakay_streams.telemetry import logs

    logs.configure()
    return Supervisor([sys.executable, "-m", "lakay_streams.cli", *sys.argv[1:], "--no-supervise"]).run()
