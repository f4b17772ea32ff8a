"""`lakay pii`: the keys of personal values, from the command line."""

from __future__ import annotations

import asyncio

import typer

from lakay_streams.cli.shared import EXIT_CODES, archive_extra, progress, settings_in_force

app = typer.Typer(help="Personal values, and the keys that they are kept with.", no_args_is_help=True)


@app.callback()
def pii() -> None:
    """Keep `rotate` a command of its own: Typer would make a lone command the whole program."""


@app.command("rotate", epilog=EXIT_CODES)
def rotate() -> None:
    """Make everything in PostgreSQL again that was made with the previous keys of personal values.

    First set the new PII_TOKEN_SECRET and PII_ENCRYPTION_KEY, the ones before as PII_TOKEN_SECRET_PREVIOUS and
    PII_ENCRYPTION_KEY_PREVIOUS, and start everything again. It may all run meanwhile. Interrupted, it goes on when it
    is run again. It is put into the audit trail.
    """
    with archive_extra():
        from lakay_streams.db import audit, rotation, schema
        from lakay_streams.db.pool import Database
    from lakay_streams.pii.keys import encryption_keys, token_keys

    settings = settings_in_force()
    keys = rotation.Keys(token_keys(settings), encryption_keys(settings))
    schema.require(settings)

    async def run() -> dict[str, int]:
        async with Database(settings, application="lakay-cli") as database:
            with progress() as tell:
                return await rotation.rotate(database, keys, actor=audit.operator(), tell=tell)

    for table, rows in asyncio.run(run()).items():
        print(f"made {rows} rows of {table} again")
    print(
        f"Nothing is left under another key than {keys.tokens.current.id} for tokens and {keys.encryption.current.id} "
        "for sealed values: PII_TOKEN_SECRET_PREVIOUS and PII_ENCRYPTION_KEY_PREVIOUS may be removed."
    )
