"""`lakay compliance`: what compliance judges by, and officers' decisions, from the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lakay_streams.cli.shared import EXIT_CODES, REASON_MAX, operator, settings_in_force
from lakay_streams.errors import SettingsError

if TYPE_CHECKING:
    from lakay_streams.settings.countries import CountryList

app = typer.Typer(help="Compliance with the Bank Secrecy Act.", no_args_is_help=True)
lists = typer.Typer(help="The list of high-risk countries, which FATF renews three times a year.", no_args_is_help=True)
app.add_typer(lists, name="lists")

File = Annotated[
    Path, typer.Argument(help="JSON as `lists import` writes it, or CSV with the columns country and list.")
]
Published = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of a CSV file, which does not tell it.")
]


@app.command("cleared", epilog=EXIT_CODES)
def clear_alert(
    alert: Annotated[str, typer.Argument(help="The alert's id.", min=1)],
    user: Annotated[str, typer.Option(help="The id of the user it is about.", min=1)],
    why: Annotated[str, typer.Option(help="What explains it, for the record. Name nobody: it is kept in the clear.")],
) -> None:
    """Clear an alert that was looked into and is explained: it raises the customer's risk no more.

    The workers send its next revision, with the status cleared, the reason and who decided. A currency transaction
    report is no matter of judgement: its alert stays as it is, and the worker logs alert_disposition_ignored.
    """
    import asyncio

    from lakay_streams.control.dispositions import send

    if not 1 <= len(why) <= REASON_MAX:
        raise SettingsError(f"--why has {len(why)} characters: say in 1 to {REASON_MAX} what explains the alert")
    payload = {"user_id": user, "alert_id": alert, "disposition": "cleared", "reason": why, "decided_by": operator()}
    servers = settings_in_force().kafka_bootstrap_servers
    event_id = asyncio.run(send(servers, "alert-disposition", user, payload))
    print(f"cleared of {alert} sent as {event_id}")


@lists.command("show", epilog=EXIT_CODES)
def show() -> None:
    """Print the list in force: its day, and every country with where it stands."""
    listed = _in_force()
    print(f"published {listed.published}: {listed.source}")
    for name, countries in (
        ("call for action", listed.call_for_action),
        ("increased monitoring", listed.increased_monitoring),
    ):
        print(f"{name}: {len(countries)}")
        for code, country in sorted(countries.items()):
            print(f"  {code} {country}")


@lists.command("diff", epilog="Exit codes: 0 nothing changes, 1 something does or the file is none, 2 wrong usage.")
def diff(file: File, published: Published = None) -> None:
    """Print what a newer list changes in the one in force, a country a line."""
    raise typer.Exit(1 if _changes(_read(file, published)) else 0)


@lists.command("import", epilog=EXIT_CODES)
def import_list(
    file: File,
    published: Published = None,
    out: Annotated[Path, typer.Option(help="Folder to put it in.")] = Path(),
) -> None:
    """Check a newer list, print what it changes, and write it as the file that workers read.

    It comes into force when COMPLIANCE_HIGH_RISK_COUNTRIES names the file and the workers are started again; the change
    of settings is then in the audit trail, with every country.
    """
    listed = _read(file, published)
    if listed.published < (before := _in_force()).published:
        raise SettingsError(f"{file} is of {listed.published}, older than the one in force of {before.published}")
    _changes(listed)
    target = out / listed.file_name
    try:
        target.write_text(listed.as_json(), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{target} cannot be written ({error}): give another folder with --out") from error
    print(
        f"{target} written. Set COMPLIANCE_HIGH_RISK_COUNTRIES={target.resolve()} for every worker and start it again."
    )


def _in_force() -> CountryList:
    from lakay_streams.settings import countries

    return countries.in_force(settings_in_force().compliance.high_risk_countries)


def _read(file: Path, published: datetime | None) -> CountryList:
    from lakay_streams.settings import countries

    return countries.read(file, published.date().isoformat() if published else None)


def _changes(listed: CountryList) -> bool:
    """Print what changes; return whether anything does."""
    from lakay_streams.settings import countries

    before = _in_force()
    changes = list(countries.differences(before, listed))
    print(f"{before.published} -> {listed.published}: {len(changes) or 'no'} changes")
    for change in changes:
        print(f"  {change}")
    return bool(changes)
