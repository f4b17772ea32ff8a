"""`lakay topics`: Kafka's topics of this application, made and given more partitions."""

from __future__ import annotations

from typing import Annotated

import typer

from lakay_streams.cli.shared import EXIT_CODES, progress, settings_in_force

app = typer.Typer(help="Kafka topics.", no_args_is_help=True)


@app.command("create", epilog=EXIT_CODES)
def create_topics() -> None:
    """Create the Kafka topics that are missing; those that exist are checked and left as they are.

    TOPIC_PARTITIONS and TOPIC_REPLICATION_FACTOR give their shape. Run it as often as you like.
    """
    import asyncio

    from lakay_streams.topics.provision import create_topics

    for topic in asyncio.run(create_topics(settings_in_force())):
        done = "created" if topic.created else "exists"
        print(f"{done:8} {topic.name}  partitions: {topic.partitions}")


@app.command("grow", epilog=EXIT_CODES)
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

    from lakay_streams.topics.rescale import grow

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
