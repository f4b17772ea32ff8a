"""`lakay profile`: operators' decisions about users' behaviour profiles."""

from __future__ import annotations

from typing import Annotated

import typer

from lakay_streams.cli.shared import EXIT_CODES, settings_in_force

app = typer.Typer(help="Users' behaviour profiles.", no_args_is_help=True)


UserId = Annotated[str, typer.Argument(help="The user's id.", min=1)]


@app.command("reset", epilog=EXIT_CODES)
def reset_profile(user_id: UserId) -> None:
    """Let a user's profile begin anew, after it learned from a thief or the account has a new owner."""
    _dispose(user_id, "reset")


@app.command("legitimate", epilog=EXIT_CODES)
def vouch_for_profile(user_id: UserId) -> None:
    """Call a takeover alert false: the profile learns the suspected sessions, and knows their devices at once."""
    _dispose(user_id, "legitimate")


def _dispose(user_id: str, decided: str) -> None:
    import asyncio

    from lakay_streams.control.dispositions import dispose

    event_id = asyncio.run(dispose(settings_in_force().kafka_bootstrap_servers, user_id, decided))
    print(f"{decided} of {user_id} sent as {event_id}")
