"""`lakay report`: compliance reports, FinCEN batches and their deadlines, from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from lakay_streams.cli.shared import EXIT_CODES, extra, settings_in_force
from lakay_streams.errors import ReportError
from lakay_streams.process.private import write_private

if TYPE_CHECKING:
    from lakay_streams.reports.records import StoredReport
    from lakay_streams.reports.service import Reports
    from lakay_streams.reports.suspicion import Suspicion

Result = TypeVar("Result")

app = typer.Typer(help="Compliance reports, and what is due to FinCEN.", no_args_is_help=True)

Format = Literal["json", "html", "pdf", "xml"]
From = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first business day.")]
To = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last business day.")]
Out = Annotated[Path | None, typer.Option(help="Write it here: FILE.json, .html, .pdf, or .xml for FinCEN.")]
AlertId = Annotated[str, typer.Argument(help="The alert's id.")]


@app.command("ctr", epilog=EXIT_CODES)
def report_ctr(since: From, until: To, out: Out = None) -> None:
    """Report each customer's cash of a business day above the threshold, with the FinCEN batch to file."""
    _made(lambda reports: reports.generate_ctr(since.date(), until.date(), actor=_actor()), out)


@app.command("sar", epilog=EXIT_CODES)
def report_sar(
    alert: Annotated[
        list[str] | None,
        typer.Option(help="Only this alert's, also where only a review is recommended; several make one report."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first business day.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last business day.")] = None,
    narrative: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="An officer's text for the report.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="By hand, without an alert: about this customer.")] = None,
    subtype: Annotated[str | None, typer.Option(help="By hand: FinCEN's code of the activity, such as 114.")] = None,
    amount: Annotated[
        str | None, typer.Option(help="By hand: US dollars that are suspicious, such as 2400.50.")
    ] = None,
    determined: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="By hand: the day that its 30 days run from; today unless given."),
    ] = None,
    continues: Annotated[str | None, typer.Option(help="By hand: the BSA identifier of the report before.")] = None,
    voluntary: Annotated[bool, typer.Option("--voluntary", help="It is of less than $2,000, and not due.")] = False,
    out: Out = None,
) -> None:
    """Draft suspicious activity reports.

    Of all alerts --from a day --to another; or one report, of one --alert or several, with or without --narrative; or
    one by hand, of a --customer with --subtype, --amount, --from, --to and --narrative.
    """
    days = (since.date(), until.date()) if since is not None and until is not None else None
    text = None if narrative is None else _text(narrative)
    by_hand = (subtype, amount, determined, continues)
    if alert and customer is None and since is None and until is None and not any(by_hand):
        _made(
            lambda reports: reports.draft_sar(*alert, actor=_actor(), narrative=text, voluntary=voluntary),
            out,
        )
    elif customer and subtype and amount and text and days and not alert:
        told = (customer, subtype, *days, _minor(amount), text, continues)
        day = determined.date() if determined else None
        _made(
            lambda reports: reports.draft_sar_by_hand(
                _suspicion(*told), actor=_actor(), determined_on=day, voluntary=voluntary
            ),
            out,
        )
    elif days and not (alert or customer or text or voluntary or any(by_hand)):
        _made(lambda reports: reports.generate_sar(*days, actor=_actor()), out)
    else:
        raise typer.BadParameter(
            "give --alert, with or without --narrative; or --from and --to; or by hand --customer, --subtype, "
            "--amount, --from, --to and --narrative"
        )


@app.command("summary", epilog=EXIT_CODES)
def report_summary(
    period: Annotated[Literal["weekly", "monthly"], typer.Option(help="How long.")] = "weekly",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last business day; today unless given.")
    ] = None,
    out: Out = None,
) -> None:
    """Sum up a week or a month: alerts, what is due and filed, whose risk rose."""
    day = as_of.date() if as_of else None
    _made(lambda reports: reports.generate_summary(period, actor=_actor(), as_of=day), out)


@app.command("audit", epilog=EXIT_CODES)
def report_audit(since: From, until: To, out: Out = None) -> None:
    """Report what an examiner asks for: the trail, retention, deadlines, settings, data quality."""
    _made(lambda reports: reports.generate_audit(since.date(), until.date(), actor=_actor()), out)


@app.command("list", epilog=EXIT_CODES)
def list_reports(
    kind: Annotated[Literal["ctr", "sar", "summary", "audit"] | None, typer.Option(help="Only these.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many, the newest.")] = 20,
) -> None:
    """List reports, the newest first."""
    for each in _done(lambda reports: reports.list_reports(kind, limit=last)):
        print(f"{each.report_id}  {each.kind:7}  {each.period_start} {each.period_end}  {each.created_at}")


@app.command("show", epilog=EXIT_CODES)
def show_report(
    report_id: Annotated[str, typer.Argument(help="The report's id.")],
    form: Annotated[Format, typer.Option("--format", help="How to print it; a PDF needs --out.")] = "json",
    out: Out = None,
) -> None:
    """Print a report, or write it --out to a file, whose name then says the format."""
    report = _done(lambda reports: reports.get_report(report_id, actor=_actor()))
    if out is not None:
        _write(report, out)
    elif form == "pdf":
        raise typer.BadParameter("a PDF is written to a file: give --out FILE.pdf")
    else:
        from lakay_streams.reports.rendering import render

        print(render(report, form).decode(), end="")


@app.command("deadlines", epilog="Exit codes: 0 nothing is overdue, 1 something is or it failed, 2 wrong usage.")
def show_deadlines(
    everything: Annotated[bool, typer.Option("--all", help="Also what was filed, declined or reviewed.")] = False,
) -> None:
    """List what is to be filed with FinCEN, the soonest due first, and what its days run from. Confidential."""
    found = _done(lambda reports: reports.deadlines(done=everything))
    for each in found:
        late = f"OVERDUE by {-(each.days_left or 0)} days" if each.overdue else ""
        left = f"{each.days_left} days left" if each.days_left is not None and not each.overdue else late
        told = (left or "voluntary") if each.pending else each.bsa_id or each.reason or ""
        counted = f", from {each.counted_from}" if each.pending and each.kind == "sar" else ""
        after = f", {each.form} of {each.prior_bsa_id}" if each.prior_bsa_id else ""
        again = f", look again from {each.review_on}" if each.review_on else ""
        outdated = ", OUTDATED DRAFT: make it again" if each.outdated else ""
        print(
            f"{each.due or '-':10}  {each.kind}  {each.alert_id}  {each.status:10}  {each.rule:15}  "
            f"{told}{counted}{after}{again}{outdated}"
        )
    print(f"{sum(each.pending for each in found)} to file, {sum(each.overdue for each in found)} overdue")
    raise typer.Exit(1 if any(each.overdue for each in found) else 0)


@app.command("reviews", epilog=EXIT_CODES)
def show_reviews() -> None:
    """List the alerts that an officer is to review, the oldest first. Confidential."""
    found = _done(lambda reports: reports.reviews())
    for each in found:
        print(f"{each.alert_id}  {each.rule:15}  {each.counted_from}")
    print(f"{len(found)} to review")


@app.command("determined", epilog=EXIT_CODES)
def record_determined(
    alert_id: AlertId,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today unless given.")] = None,
) -> None:
    """Record that an officer determined an alert to be suspicious: its report is due 30 days after that day."""
    day = on.date() if on else None
    done = _done(lambda reports: reports.determined(alert_id, actor=_actor(), on=day))
    print(f"{done.kind} of {done.alert_id} due {done.due}, from {done.counted_from}")


@app.command("reviewed", epilog=EXIT_CODES)
def record_reviewed(
    alert_id: AlertId,
    reason: Annotated[str, typer.Option(help="Why nothing is to be reported; kept in the clear, so name nobody.")],
) -> None:
    """Close a recommended review that found nothing to report."""
    done = _done(lambda reports: reports.reviewed(alert_id, reason=reason, actor=_actor()))
    print(f"review of {done.alert_id} closed: {done.reason}")


@app.command("filed", epilog=EXIT_CODES)
def record_filed(
    alert_id: AlertId,
    bsa_id: Annotated[str, typer.Option(help="The 14 digits that BSA E-Filing acknowledged it with.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today unless given.")] = None,
) -> None:
    """Record that an alert's report was filed, and with it that of every alert that went into it."""
    day = on.date() if on else None
    done = _done(lambda reports: reports.filed(alert_id, bsa_id=bsa_id, actor=_actor(), on=day))
    print(f"{done.kind} of {done.alert_id} filed on {done.filed_on} as {done.bsa_id}, {_due(done.due)}")


@app.command("declined", epilog=EXIT_CODES)
def record_declined(
    alert_id: AlertId,
    reason: Annotated[str, typer.Option(help="Why; kept in the clear, so name nobody.")],
) -> None:
    """Record that an officer decided to file nothing for an alert."""
    done = _done(lambda reports: reports.declined(alert_id, reason=reason, actor=_actor()))
    print(f"{done.kind} of {done.alert_id} declined: {done.reason}")


def _made(make: Callable[[Reports], Awaitable[StoredReport]], out: Path | None) -> None:
    if out is not None:
        _form_of(out)
    report = _done(make)
    checked = f"valid against {report.validation.against}" if report.validation.validated else report.validation.reason
    told = f"; FinCEN batch: {checked}" if report.kind in {"ctr", "sar"} else ""
    print(f"{report.kind} {report.report_id} of {report.period_start} to {report.period_end}{told}")
    for missing in report.document.get("missing", ()):
        print(f"  missing: {missing}")
    if out is not None:
        _write(report, out)


def _write(report: StoredReport, out: Path) -> None:
    from lakay_streams.reports.rendering import render

    try:
        write_private(out, render(report, _form_of(out)))
    except OSError as error:
        raise ReportError(f"{out} cannot be written ({error.strerror}): give another file with --out.") from None
    print(f"{out} written")


def _form_of(out: Path) -> Format:
    forms: dict[str, Format] = {".json": "json", ".html": "html", ".pdf": "pdf", ".xml": "xml"}
    if out.suffix not in forms:
        raise typer.BadParameter(f"{out.name} tells no format: let it end in {', '.join(forms)}", param_hint="--out")
    return forms[out.suffix]


def _due(day: str | None) -> str:
    return f"due {day}" if day else "voluntary"


def _minor(dollars: str) -> int:
    from lakay_streams.contracts.money import to_minor

    try:
        return to_minor(dollars, "USD")
    except ValueError:
        raise typer.BadParameter(
            f"{dollars!r} is no amount of US dollars: write 2400.50", param_hint="--amount"
        ) from None


def _suspicion(
    customer: str, subtype: str, first: date, last: date, amount_minor: int, text: str, continues: str | None
) -> Suspicion:
    from lakay_streams.reports.suspicion import Suspicion

    return Suspicion(customer, subtype, first, last, amount_minor, text, continues)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ReportError(f"{file} cannot be read: make it a UTF-8 text file.") from None


def _actor() -> str:
    from lakay_streams.db import audit

    return audit.operator()


def _done(work: Callable[[Reports], Awaitable[Result]]) -> Result:
    """Do `work` on a database with the schema of this version."""
    with extra("reports", "every report"):
        from lakay_streams.db import schema
        from lakay_streams.db.pool import Database
        from lakay_streams.reports.service import Reports
    settings = settings_in_force()
    schema.require(settings)

    async def run() -> Result:
        async with Database(settings, application="lakay-cli") as database:
            return await work(Reports(settings, database))

    return asyncio.run(run())
