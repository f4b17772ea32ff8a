"""`lakay simulate` and `lakay evaluate`: simulated Trebanx traffic, sent or scored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakay_streams.cli.shared import progress, settings_in_force

Seed = Annotated[int, typer.Option(help="The same seed and options give the same events.")]
Users = Annotated[int, typer.Option(min=1, help="How many people.")]
Events = Annotated[int, typer.Option(min=1, help="Stop after so many records.")]


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


EVALUATED = "Exit codes: 0 evaluated, 1 a fraud scenario or a target was missed, 2 wrong usage."
"""The exit codes of `evaluate`."""


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
