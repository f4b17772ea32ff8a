"""The `lakay` command: one door to the worker, its topics, its settings and its contracts.

Commands import what they need when they run, so that `lakay --help` answers at once. An error the user can act on is
one sentence on standard error and exit code 1; wrong usage is exit code 2.
"""

from __future__ import annotations

import importlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lakay_streams import cli_compliance, cli_pii, cli_rates, cli_records, cli_reports
from lakay_streams.commands import EXIT_CODES, extra, progress, settings_in_force
from lakay_streams.errors import LakayError

app = typer.Typer(
    help="Lakay Intelligence: fraud, takeover, circle-health and AML scoring for Trebanx, while events happen.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="Kafka topics.", no_args_is_help=True)
settings = typer.Typer(help="Settings, from the environment and .env.", no_args_is_help=True)
contracts = typer.Typer(help="The events' contracts.", no_args_is_help=True)
profile = typer.Typer(help="Users' behaviour profiles.", no_args_is_help=True)
app.add_typer(topics, name="topics")
app.add_typer(profile, name="profile")
app.add_typer(settings, name="settings")
app.add_typer(contracts, name="contracts")
app.add_typer(cli_compliance.app, name="compliance")
app.add_typer(cli_pii.app, name="pii")
app.add_typer(cli_rates.app, name="rates")
app.add_typer(cli_records.db, name="db")
app.add_typer(cli_records.audit, name="audit")
app.add_typer(cli_reports.app, name="report")


def main() -> None:
    """Run the command line: the project's own errors become one sentence and exit code 1."""
    # States, reports and logs hold personal values: what this process and its children make is for their user alone.
    os.umask(0o077)
    try:
        app()
    except LakayError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


@app.command(epilog=EXIT_CODES)
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
        raise typer.Exit(_supervise())
    loaded = settings_in_force(serving=True)
    changes = {"worker_port": port, "lakay_data_dir": data_dir}
    loaded = loaded.model_copy(update={name: value for name, value in changes.items() if value is not None})
    # By name: this package never imports upward, and the worker's composition root stands above it.
    raise typer.Exit(importlib.import_module("agents.topology").main(loaded, with_web=not without_web))


@app.command(epilog=EXIT_CODES)
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
        raise typer.Exit(_supervise())
    loaded = settings_in_force(serving=True)
    if port is not None:
        loaded = loaded.model_copy(update={"archive_port": port})
    with cli_records.archive_extra():
        from lakay_streams.archive.app import main as run
    raise typer.Exit(run(loaded, with_web=not without_web))


@app.command(epilog=EXIT_CODES)
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


def _supervise() -> int:
    """Run this command in a process that is started again when it was killed or asked for it; return its exit code."""
    from lakay_streams import telemetry
    from lakay_streams.supervisor import Supervisor

    telemetry.configure()
    return Supervisor([sys.executable, "-m", "lakay_streams.cli", *sys.argv[1:], "--no-supervise"]).run()


@app.command(epilog="Exit codes: 0 alerts were committed, 1 none were or something failed, 2 wrong usage.")
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
    run = importlib.import_module("lakay_streams.demo").run
    raise typer.Exit(run(seconds=seconds, summary=summary, rate=rate, picture=picture))


Seed = Annotated[int, typer.Option(help="The same seed and options give the same events.")]
Users = Annotated[int, typer.Option(min=1, help="How many people.")]
Events = Annotated[int, typer.Option(min=1, help="Stop after so many records.")]


@app.command(epilog=EXIT_CODES)
def simulate(
    events: Events = 10_000,
    users: Users = 1_000,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Write JSON lines here, and labels beside, not to Kafka.")] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Records per second; without it, as fast as may be.")
    ] = None,
    scenarios: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events in fraud and laundering scenarios.")
    ] = 0.01,
    lookalikes: Annotated[
        float, typer.Option(min=0, max=1, help="Share of events of honest people who look like fraud.")
    ] = 0.05,
    out_of_order: Annotated[
        float, typer.Option(min=0, max=1, help="Share of records that come after later ones.")
    ] = 0.0,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of records that come twice.")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of records that come hours late.")] = 0.0,
    wrong_keys: Annotated[
        float, typer.Option(min=0, max=1, help="Share of records under no key or another one's.")
    ] = 0.0,
    poison: Annotated[float, typer.Option(min=0, max=1, help="Broken records per event.")] = 0.0,
) -> None:
    """Make simulated Trebanx traffic with labelled fraud in it, into Kafka or into a file.

    To Kafka, it goes to the trebanx.* topics at KAFKA_BOOTSTRAP_SERVERS, which must exist (`lakay topics create`).
    """
    import asyncio

    from lakay_streams.simulator import SimulatorOptions, sinks
    from lakay_streams.simulator import simulate as simulated

    simulation = simulated(
        SimulatorOptions(
            seed=seed,
            users=users,
            events=events,
            scenario_share=scenarios,
            lookalike_share=lookalikes,
            out_of_order=out_of_order,
            duplicates=duplicates,
            late=late,
            wrong_keys=wrong_keys,
            poison=poison,
        )
    )
    if out is not None:
        print(f"{sinks.write_jsonl(simulation, out)} records in {out}, labels in {sinks.labels_path(out)}")
        return
    brokers = settings_in_force().kafka_bootstrap_servers
    with progress() as tell:
        sent = asyncio.run(sinks.produce(simulation, brokers, rate, lambda sent: tell("Sending", sent, events)))
    print(f"{sent} records sent to {brokers}")


@app.command(epilog="Exit codes: 0 evaluated, 1 a fraud scenario or a target was missed, 2 wrong usage.")
def evaluate(
    events: Events = 200_000,
    users: Users = 1_000,
    seed: Annotated[int, typer.Option(help="Take one the rules were not made on.")] = 424_242,
) -> None:
    """Score simulated traffic in memory and print recall by scenario and stealth, precision, and false alarms.

    Then takeovers: ROC AUC and events until the alert by scenario, alerts per 1,000 legitimate sessions. Then
    compliance: structuring, pass-through and mules found, alerts per 1,000 ordinary users a month. Uses the contracts,
    the rules and the settings of a worker, and no Kafka.
    """
    from rich.console import Console

    from lakay_streams.simulator import SimulatorOptions, takeovers
    from lakay_streams.simulator import customers as compliance
    from lakay_streams.simulator import evaluate as evaluation
    from lakay_streams.simulator import simulate as simulated
    from lakay_streams.simulator.scoring import Scored, UserScorer

    loaded = settings_in_force()
    scorer = UserScorer(loaded.user_limits(), loaded.contracts_path)
    customers = compliance.CustomerScorer(loaded.compliance_limits(), loaded.contracts_path)
    options = SimulatorOptions(seed=seed, users=users, events=events)
    simulation = simulated(options)

    def score(topic: str, value: bytes) -> Scored:
        customers(topic, value)
        return scorer(topic, value)

    with progress() as tell:
        fraud, takeover = evaluation.run(simulation, score, lambda scored: tell("Scoring", scored, events))
    moved = customers.outcome(simulation.labels, users, options.start_ms)
    console = Console()
    console.print(evaluation.render(fraud))
    console.print(takeovers.render(takeover))
    console.print(compliance.render(moved))
    reached = fraud.fraud_recall in {None, 1.0} and takeover.on_target and moved.on_target
    raise typer.Exit(0 if reached else 1)


@topics.command("create", epilog=EXIT_CODES)
def create_topics() -> None:
    """Create the Kafka topics that are missing; those that exist are checked and left as they are.

    TOPIC_PARTITIONS and TOPIC_REPLICATION_FACTOR give their shape. Run it as often as you like.
    """
    import asyncio

    from lakay_streams.provision import create_topics

    for topic in asyncio.run(create_topics(settings_in_force())):
        done = "created" if topic.created else "exists"
        print(f"{done:8} {topic.name}  partitions: {topic.partitions}")


@topics.command("grow", epilog=EXIT_CODES)
def grow_topics(
    old: Annotated[int, typer.Argument(min=1, help="How many partitions the topics have.")],
    new: Annotated[int, typer.Argument(min=2, help="How many they are to have.")],
    with_lag: Annotated[
        bool, typer.Option("--with-lag", help="Grow although events wait; those may be scored behind newer ones.")
    ] = False,
) -> None:
    """Give the topics more partitions, and move every state to the partition that its key then belongs to.

    Stop every worker first, and start them with TOPIC_PARTITIONS set to the new count afterwards. Interrupted, it goes
    on where it stopped when it is run again; until then workers are refused.
    """
    import asyncio
    import logging

    from rich.console import Console
    from rich.table import Table

    from lakay_streams.growing import grow

    loaded = settings_in_force()
    # New partitions have no leader for a moment, which aiokafka logs as errors and tries again.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with progress() as tell:
        grown = asyncio.run(grow(loaded, old, new, with_lag=with_lag, tell=tell))
    table = Table("Changelog", "States", "Moved", "States lost, doubled or changed")
    for changelog, states, moved in grown.moved:
        table.add_row(changelog, f"{states:,}", f"{moved:,}", "none")
    Console().print(table)
    print(
        f"{grown.topics} topics have {new} partitions now. Set TOPIC_PARTITIONS={new} for every worker and start them."
    )


UserId = Annotated[str, typer.Argument(help="The user's id.", min=1)]


@profile.command("reset", epilog=EXIT_CODES)
def reset_profile(user_id: UserId) -> None:
    """Let a user's profile begin anew, after it learned from a thief or the account has a new owner."""
    _dispose(user_id, "reset")


@profile.command("legitimate", epilog=EXIT_CODES)
def vouch_for_profile(user_id: UserId) -> None:
    """Call a takeover alert false: the profile learns the suspected sessions, and knows their devices at once."""
    _dispose(user_id, "legitimate")


def _dispose(user_id: str, decided: str) -> None:
    import asyncio

    from lakay_streams.dispositions import dispose

    event_id = asyncio.run(dispose(settings_in_force().kafka_bootstrap_servers, user_id, decided))
    print(f"{decided} of {user_id} sent as {event_id}")


@contracts.command("validate", epilog="Exit codes: 0 every event is valid, 1 at least one is not, 2 wrong usage.")
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


@settings.command("check", epilog="Exit codes: 0 every setting is valid, 1 at least one is refused, 2 wrong usage.")
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


if __name__ == "__main__":
    main()
