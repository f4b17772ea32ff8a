"""A report as people read it: a sheet of sections with facts, tables and text, which HTML and PDF both draw.

So each kind is laid out once, here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lakay_streams.reports.amounts import shown
from lakay_streams.reports.records import Kind, StoredReport


class Facts(NamedTuple):
    """Names and values, side by side."""

    pairs: tuple[tuple[str, str], ...]


class Table(NamedTuple):
    """Rows of cells; columns in `numeric` are numbers. Without rows, `otherwise` is said instead."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    otherwise: str = "None."


class Text(NamedTuple):
    """Paragraphs, each after its topic ("" for none)."""

    paragraphs: tuple[tuple[str, str], ...]


class Notice(NamedTuple):
    """What the reader must not overlook."""

    text: str


Block = Facts | Table | Text | Notice


class Section(NamedTuple):
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


class Sheet(NamedTuple):
    """A whole report. `mark` stands on every page; "" for none."""

    title: str
    subtitle: str
    mark: str
    facts: Facts
    sections: tuple[Section, ...]


TITLES: Mapping[Kind, str] = {
    "ctr": "Currency transaction reports",
    "sar": "Suspicious activity reports",
    "summary": "Compliance summary",
    "audit": "Audit readiness",
}


def sheet_of(report: StoredReport) -> Sheet:
    """Return a report as a sheet."""
    return Sheet(
        TITLES[report.kind],
        f"{report.period_start} to {report.period_end}",
        "CONFIDENTIAL - 31 CFR 1022.320(d)" if report.kind != "ctr" else "CONFIDENTIAL",
        Facts(
            (
                ("Report", report.report_id),
                ("Made", f"{report.created_at} by {report.created_by}"),
                ("Settings", f"version {report.settings_version}"),
                ("SHA-256", report.sha256),
                *(
                    [("FinCEN batch", report.validation.reason or f"valid against {report.validation.against}")]
                    if report.kind in {"ctr", "sar"}
                    else []
                ),
            )
        ),
        tuple(_SECTIONS[report.kind](report.document)),
    )


def _in_short(document: Mapping[str, Any], amounts: Sequence[tuple[str, str]], *blocks: Block) -> Section:
    totals = document["totals"]
    facts = Facts(
        (
            ("Reports", f"{totals['reports']}, of which {totals['to_file']} are to be filed"),
            ("Customers", str(totals["customers"])),
            *[(name, shown(totals[total])) for name, total in amounts],
            ("Regulation", document["regulation"]),
        )
    )
    return Section("In short", (*map(Notice, document["notes"]), facts, *blocks))


def _ctr(document: Mapping[str, Any]) -> Sequence[Section]:
    days = Table(
        ("Day", "Customer", "Cash in", "Cash out", "Due", "Status"),
        tuple(
            (
                each["business_day"],
                each["customer"],
                each["cash_in"]["amount"],
                each["cash_out"]["amount"],
                each["due"] or "",
                _filing(each),
            )
            for each in document["reports"]
        ),
        frozenset({2, 3}),
        "No customer's cash of a business day was above the threshold.",
    )
    sections = [_in_short(document, (("Cash in", "cash_in_minor"), ("Cash out", "cash_out_minor")), days)]
    for each in document["reports"]:
        reported = [
            f"{way} ${each[key]['dollars']:,}"
            for way, key in (("cash in", "cash_in"), ("cash out", "cash_out"))
            if each[key]["reportable"]
        ]
        facts = (
            ("Alert", f"{each['alert_id']}, revision {each['revision']}"),
            ("To be reported", " and ".join(reported)),
            ("Known to be cash", each["basis"]),
            ("Due", f"{each['due']} ({_filing(each)})"),
        )
        sections.append(Section(f"{each['customer']}, {each['business_day']}", (Facts(facts), *_movements(each))))
    return [*sections, *_missing(document)]


def _sar(document: Mapping[str, Any]) -> Sequence[Section]:
    sections = [_in_short(document, (("Suspicious amount", "amount_minor"),))]
    for each in document["reports"]:
        narrative = each["narrative"]
        told = Text((("", narrative["edited"]),)) if narrative["edited"] is not None else _draft(narrative["draft"])
        facts = (
            ("Alert", f"{each['alert_id']}, revision {each['revision']}"),
            ("Found by", f"{each['rule']} ({each['rule_regulation']})"),
            ("Confidence", f"{each['confidence']:.2f}, {each['recommendation'].replace('_', ' ')}"),
            ("Activity", f"{each['activity']['subtype']} {each['activity']['called']}"),
            ("From, to", f"{each['from']} to {each['to']}"),
            ("Amount", f"{each['amount']['amount']}, to FinCEN ${each['amount']['dollars']:,}"),
            ("Detected, due", f"{each['detected_on']}, {each['due'] or 'not due'} ({_filing(each)})"),
            ("Days run from", each["counted_from"]),
            *([("Form", f"{each['form']}{_after(each)}")] if each["form"] else []),
            *([("In all reports", each["cumulative"]["amount"])] if each["cumulative"] else []),
        )
        signals = Table(
            ("Signal", "Value", "Weight", "Reason"),
            tuple(
                (one["signal"], f"{one['value']:.2f}", f"{one['weight']:.2f}", one["reason"]) for one in each["signals"]
            ),
            frozenset({1, 2}),
            "The rule gives no signals.",
        )
        sections.append(Section(f"{each['customer']}: {each['reason']}", (Facts(facts), signals)))
        sections.append(Section("Narrative", (Notice("A draft: edit it before it is filed."), told)))
        sections.append(Section("Evidence", tuple(_movements(each))))
    return [*sections, *_missing(document)]


def _summary(document: Mapping[str, Any]) -> Sequence[Section]:
    alerts, risk = document["alerts"], document["risk"]
    return [
        Section(
            "Alerts",
            (
                Facts(
                    (
                        ("In all", str(alerts["total"])),
                        ("By recommendation", _counts(alerts["by_recommendation"])),
                        ("By status", _counts(alerts["by_status"])),
                    )
                ),
                Table(
                    ("Rule", "Recommendation", "Status", "Alerts", "Customers", "In", "Out", "Cash in", "Cash out"),
                    tuple(
                        (
                            row["rule"],
                            row["recommendation"].replace("_", " "),
                            row["status"],
                            str(row["alerts"]),
                            str(row["customers"]),
                            row["in"],
                            row["out"],
                            row["cash_in"],
                            row["cash_out"],
                        )
                        for row in alerts["rows"]
                    ),
                    frozenset(range(3, 9)),
                    "No alert was first detected in this period.",
                ),
            ),
        ),
        Section("Reports to FinCEN that were due in this period", (_filings(document["filings"]),)),
        Section(
            "Customers whose risk rose",
            (
                Facts((("Enhanced due diligence", str(risk["edd_triggers"])), ("By level", _counts(risk["by_level"])))),
                Table(
                    ("From", "To", "Customers"),
                    tuple((row["previous_level"], row["risk_level"], str(row["triggers"])) for row in risk["rows"]),
                    frozenset({2}),
                    "No customer's risk became high in this period.",
                ),
            ),
        ),
    ]


def _audit(document: Mapping[str, Any]) -> Sequence[Section]:
    trail, kept, quality = document["trail"], document["retention"], document["quality"]
    return [
        Section(
            "Ready" if document["ready"] else "Not ready",
            (
                Table(
                    ("Check", "Passed", "Found"),
                    tuple((each["check"], "yes" if each["ok"] else "NO", each["found"]) for each in document["checks"]),
                ),
            ),
        ),
        Section(
            "Audit trail",
            (
                Facts((("Rows", str(trail["rows"])), ("Head, to be noted elsewhere", trail["head"]))),
                *map(Notice, trail["problems"]),
                Table(
                    ("Action in this period", "Entries"),
                    tuple((row["action"], str(row["entries"])) for row in trail["entries"]),
                    frozenset({1}),
                ),
            ),
        ),
        Section(
            "Deadlines",
            (
                _filings(document["deadlines"]),
                Table(
                    ("Late", "Kind", "Due", "Filed"),
                    tuple(
                        (row["alert_id"], row["kind"], row["due"], row["filed_on"] or "not yet")
                        for row in document["deadlines"]["late"]
                    ),
                    otherwise="None was late.",
                ),
            ),
        ),
        Section(
            f"Retention: {kept['years']} years",
            (
                Facts((("May be deleted", f"what was last written before {kept['deletable_before']}"),)),
                Table(
                    ("Table", "Rows", "Oldest"),
                    tuple((row["table"], str(row["rows"]), row["oldest"] or "") for row in kept["tables"]),
                    frozenset({1}),
                ),
                Table(
                    ("Deleted at", "By", "Rows"),
                    tuple((row["at"], row["actor"], _counts(row.get("rows", {}))) for row in kept["deletions"]),
                    otherwise="Nothing was deleted in this period.",
                ),
            ),
        ),
        Section(
            "Settings",
            (
                Table(
                    ("In force since", "Version", "Changed"),
                    tuple(
                        (row["at"], row["version"], _changes(row["changed"]) or "first met")
                        for row in document["settings"]
                    ),
                    otherwise="No setting that decisions depend on changed in this period.",
                ),
            ),
        ),
        Section(
            "Data quality",
            (
                _counted("Alerts archived", quality["archived"], "kind", "alerts"),
                _counted("Events rejected", quality["rejected"], "event_type", "events"),
                _counted("Records quarantined", quality["quarantined"], "topic", "records"),
                Table(
                    ("Event", "Version", "Seen"),
                    tuple((row["event_type"], row["event_version"], str(row["events"])) for row in quality["versions"]),
                    frozenset({2}),
                    "No event was seen yet.",
                ),
            ),
        ),
    ]


_SECTIONS: Mapping[Kind, Callable[[Mapping[str, Any]], Sequence[Section]]] = {
    "ctr": _ctr,
    "sar": _sar,
    "summary": _summary,
    "audit": _audit,
}


def _movements(report: Mapping[str, Any]) -> Sequence[Block]:
    rows = tuple(
        (
            each["at"][:16].replace("T", " "),
            each["channel"].replace("_", " "),
            each["payment_method"] or "not stated",
            f"cash {each['cash']} ({each['cash_basis']})" if each["cash"] else each["direction"],
            f"{each['amount']} {each['currency']}",
            _dollars(each),
            each["movement_id"],
        )
        for each in report["movements"]
    )
    columns = ("At (UTC)", "What", "Paid by", "Way", "Amount", "US dollars", "Transaction")
    table = Table(columns, rows, frozenset({4, 5}))
    return (table, Notice("Some transactions are in the totals and not listed.")) if report["truncated"] else (table,)


def _dollars(movement: Mapping[str, Any]) -> str:
    """Return what a movement was worth, with the day of its rate where that is older than its business day."""
    if movement["usd_minor"] is None:
        return ""
    old = f" (rate of {movement['rate_at'][:10]})" if movement.get("rate_is_old") else ""
    return f"{shown(movement['usd_minor'])}{old}"


def _after(report: Mapping[str, Any]) -> str:
    return f" of {report['prior_bsa_id']}" if report["prior_bsa_id"] else ""


def _draft(paragraphs: Sequence[Mapping[str, Any]]) -> Text:
    return Text(tuple((each["topic"].capitalize(), each["text"]) for each in paragraphs))


def _missing(document: Mapping[str, Any]) -> Sequence[Section]:
    rows = tuple(tuple(each.partition(": ")[::2]) for each in document["missing"])
    return [Section("To be completed before filing", (Table(("Of", "What"), rows),))] if rows else []


def _filing(report: Mapping[str, Any]) -> str:
    filing = report["filing"]
    return f"{filing['status']}{(filing['bsa_id'] and ' as ' + filing['bsa_id']) or ''}"


def _filings(kinds: Mapping[str, Any]) -> Table:
    columns = ("due", "filed", "filed_late", "declined", "pending", "overdue", "overdue_of_any_period", "due_later")
    return Table(
        ("Kind", *(name.replace("_", " ").capitalize() for name in columns)),
        tuple((kind.upper(), *(str(kinds[kind][name]) for name in columns)) for kind in ("ctr", "sar")),
        frozenset(range(1, 9)),
    )


def _counted(title: str, rows: Sequence[Mapping[str, Any]], by: str, what: str) -> Table:
    counted = tuple((str(row[by]), str(row[what])) for row in rows)
    return Table((title, "Number"), counted, frozenset({1}), f"{title}: none.")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()) or "none"


def _changes(changed: Mapping[str, Sequence[object]]) -> str:
    return "; ".join(f"{name}: {before} to {after}" for name, (before, after) in changed.items())
