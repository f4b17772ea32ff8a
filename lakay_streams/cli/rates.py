"""`lakay rates`: operators' decisions about exchange rates."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from lakay_streams.cli.shared import EXIT_CODES, REASON_MAX, operator, settings_in_force
from lakay_streams.errors import SettingsError

app = typer.Typer(help="Exchange rates.", no_args_is_help=True)


@app.callback()
def rates() -> None:
    """Exchange rates."""


@app.command("confirm", epilog=EXIT_CODES)
def confirm(
    pair: Annotated[str, typer.Argument(help="BASE/QUOTE, such as USD/HTG.")],
    rate: Annotated[str, typer.Argument(help="How many of the second one of the first buys, such as 131.25.")],
    since: Annotated[datetime | None, typer.Option(help="From when it holds, UTC; from now on unless given.")] = None,
    why: Annotated[str | None, typer.Option(help="For the record.")] = None,
) -> None:
    """Say what a currency is worth, after a rate was held because it differs too much from the last.

    It is taken as it is. Rates of a later time are compared with it, also those that were held already: give --since
    the time of the first that was held to release them all.
    """
    from lakay_streams.contracts.money import to_rate
    from lakay_streams.control.dispositions import moment, send

    if not re.fullmatch(r"[A-Z]{3}/[A-Z]{3}", pair):
        raise SettingsError(f"{pair} is no pair of currencies: write BASE/QUOTE in ISO 4217 codes, such as USD/HTG")
    try:
        to_rate(rate)
    except ValueError as error:
        raise SettingsError(f"The rate {rate} {error}; give one such as 131.25") from error
    if why is not None and len(why) > REASON_MAX:
        raise SettingsError(f"--why has {len(why)} characters: say it in {REASON_MAX}")
    base, quote = pair.split("/")
    at = datetime.now(UTC) if since is None else since.replace(tzinfo=since.tzinfo or UTC)
    payload = {
        "base_currency": base,
        "quote_currency": quote,
        "rate": rate,
        "effective_at": moment(at),
        "reason": why,
        "decided_by": operator(),
    }
    event_id = asyncio.run(send(settings_in_force().kafka_bootstrap_servers, "exchange-rate-confirmed", pair, payload))
    print(f"{rate} for {pair} sent as {event_id}")
