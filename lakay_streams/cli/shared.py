"""What the command line's commands share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lakay_streams.errors import PrerequisiteError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from lakay_streams.settings import Settings

Result = TypeVar("Result")

EXIT_CODES = "Exit codes: 0 done, 1 refused or failed (one sentence on standard error says why), 2 wrong usage."

REASON_MAX = 500
"""Characters of a decision's reason."""


def operator() -> str | None:
    """Return who runs this command, as the audit trail names them; None without the extra `archive`."""
    try:
        from lakay_streams.db import audit
    except ModuleNotFoundError:
        return None
    return audit.operator()


def settings_in_force(*, serving: bool = False) -> Settings:
    """Return the validated settings, with logging set up as they say.

    A process that is about to serve logs what is wrong with its secrets as `settings_warning`.
    """
    from lakay_streams.pii.keys import token_keys
    from lakay_streams.pii.logs import LogScreen
    from lakay_streams.pii.tokens import Tokens
    from lakay_streams.settings import load_settings, warnings
    from lakay_streams.telemetry import logs

    loaded = load_settings()
    logs.configure(loaded.log_level, screen=LogScreen(Tokens(token_keys(loaded))), quote=loaded.debug)
    for warning in warnings(loaded) if serving else ():
        logs.get_logger().warning("settings_warning", reason=warning)
    return loaded


@contextmanager
def extra(name: str, what: str) -> Iterator[None]:
    """Tell what to install where the packages of an extra, which `what` needs, are missing: a worker does without."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name is not None and missing.name.startswith("lakay_streams"):
            raise
        raise PrerequisiteError(
            f"{missing.name} is not installed, which {what} needs: pip install 'lakay-intelligence[{name}]'."
        ) from None


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars on a terminal's standard error; yields what is told the name, count so far and total of each."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:

        def tell(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=of)

        yield tell


archive_extra = partial(extra, "archive", "everything about the database")


def in_transaction(settings: Settings, work: Callable[[AsyncConnection[Any]], Awaitable[Result]]) -> Result:
    """Do `work` in one transaction, in a database with the schema of this version."""
    from lakay_streams.db import schema
    from lakay_streams.db.pool import Database

    schema.require(settings)

    async def run() -> Result:
        async with Database(settings, application="lakay-cli") as database, database.connection() as connection:
            return await work(connection)

    return asyncio.run(run())
