"""`lakay audit`: the audit trail, verified, signed and shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakay_streams.cli.shared import EXIT_CODES, archive_extra, in_transaction, settings_in_force
from lakay_streams.errors import AuditError

if TYPE_CHECKING:
    from psycopg import AsyncConnection


app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@app.command("verify", epilog="Exit codes: 0 all is whole, 1 it is not, or no database, 2 wrong usage.")
def verify(
    expect: Annotated[str | None, typer.Option(help="A head noted elsewhere, SEQ:HASH: finds a rewritten end.")] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Folder of the signed heads; that of the archive on this machine unless given.")
    ] = None,
) -> None:
    """Follow the audit trail from its first row, and tell every row that was changed, removed or moved.

    Then compare it with the last head that an archive signed, and every revision of every alert, every filing and
    every report that was filed with the digest that the trail has of it. Who can rewrite the whole trail can rewrite
    neither the signed heads nor the digests.
    """
    with archive_extra():
        from lakay_streams.archive.verifying import verify_revisions
        from lakay_streams.db import audit as trail
        from lakay_streams.db.heads import Heads
        from lakay_streams.reports.verifying import verify_filings
    try:
        expected = [trail.Head.parse(expect)] if expect else []
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--expect") from None
    settings = settings_in_force()
    problems: list[str] = []
    notes: list[str] = []
    last = None
    # Before the trail, which may grow meanwhile, and not lose the row that was signed.
    signed = Heads.of(settings, folder=heads)
    try:
        last = signed.last()
    except AuditError as broken:
        problems.append(str(broken))
    else:
        if last is not None:
            expected.append(last.head)

    async def work(connection: AsyncConnection[Any]) -> trail.Verdict:
        verdict = await trail.verify(connection, *expected)
        problems.extend(verdict.problems)
        for what, check in (("revisions of alerts", verify_revisions), ("rows of filings", verify_filings)):
            checked = await check(connection, settings)
            problems.extend(checked.problems)
            if checked.unchecked:
                notes.append(f"{checked.unchecked} {what} are from before the trail had digests: not checked.")
        return verdict

    verdict = in_transaction(settings, work)
    if last is None and not problems and (signed.folder.parent.exists() or sys.stderr.isatty()):
        # A trail whose end was cut off looks whole.
        print(f"No signed head is in {signed.folder}: name their folder with --heads.", file=sys.stderr)
    for sentence in (*problems, *notes):
        print(sentence)
    print(f"{verdict.rows} rows, {'NOT WHOLE' if problems else 'whole'}, head {verdict.head}")
    raise typer.Exit(1 if problems else 0)


@app.command("sign", epilog=EXIT_CODES)
def sign(
    after_restore: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="The database is an older backup: say so, and go on from there."),
    ] = None,
) -> None:
    """Sign the head of the trail as it is now, as an archive does every minute; refused where the trail was cut."""
    with archive_extra():
        from lakay_streams.db import audit as trail
        from lakay_streams.db.heads import Heads
    settings = settings_in_force()
    heads = Heads.of(settings)
    if after_restore:
        reason = after_restore
        in_transaction(settings, lambda each: heads.note_restored(each, reason, actor=trail.operator()))
    signed = in_transaction(settings, lambda each: heads.sign(each, restored=bool(after_restore))) or heads.last()
    print(
        "The trail is empty." if signed is None else f"head {signed.head}, signed {signed.at} with {signed.signature}"
    )


@app.command("show", epilog=EXIT_CODES)
def show(
    last: Annotated[int, typer.Option(min=1, help="How many rows, the newest.")] = 20,
    subject: Annotated[str | None, typer.Option(help="Only rows about this.")] = None,
) -> None:
    """Print the newest rows of the audit trail, one JSON object a line, oldest first."""
    with archive_extra():
        from lakay_streams.db import audit as trail

    for entry in in_transaction(settings_in_force(), lambda connection: trail.latest(connection, last, subject)):
        print(entry)
