"""A snapshot as people see it: a page for a terminal, one line for a log, a picture for a document.

Pure functions of the snapshot and the space there is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich import box
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lakay_streams.demo.snapshot import SeenAlert, Snapshot

TIER_STYLES = {
    "critical": "bold white on red",
    "prohibited": "bold white on red",
    "high": "bold red",
    "at-risk": "bold red",
    "medium": "yellow",
    "watch": "yellow",
    "open": "yellow",
    "low": "green",
    "healthy": "green",
    "withdrawn": "green",
}
MOST_RULES = 7
LINES_BESIDE_ALERTS = 20
"""Lines that the page takes without its alerts, with all the rules it shows."""
LINES_PER_ALERT = 2
PICTURE_WIDTH, PICTURE_HEIGHT = 124, 36


def page(snapshot: Snapshot, height: int = PICTURE_HEIGHT) -> RenderableType:
    """The live view, in at most `height` lines."""
    panels = Table.grid(expand=True, padding=0)
    panels.add_column(ratio=1)
    panels.add_column(ratio=1)
    panels.add_row(_topics(snapshot), _rules(snapshot.alerts_by_rule, snapshot.alerts_by_tier))
    alerts = _latest(snapshot.latest[: max(1, (height - LINES_BESIDE_ALERTS) // LINES_PER_ALERT)])
    return Group(_headline(snapshot), panels, alerts, _footer(snapshot))


def line(snapshot: Snapshot) -> str:
    """One line of progress, without colour, for where there is no terminal."""
    counts = (
        f"{snapshot.seconds:4.0f} s  {snapshot.events:,} events  {snapshot.events_per_s:,.0f}/s  "
        f"lag {snapshot.lag:,}  {snapshot.rejects:,} rejects  {snapshot.checkpoints:,} checkpoints  "
        f"{snapshot.alerts:,} alerts"
    )
    return f"{counts}; the latest: {_sentence(snapshot.latest[0])}" if snapshot.latest else counts


def picture(snapshot: Snapshot) -> str:
    """The live view as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=PICTURE_WIDTH, force_terminal=True, color_system="truecolor"
    )
    console.print(page(snapshot))
    return console.export_svg(title="lakay demo")


def _headline(snapshot: Snapshot) -> RenderableType:
    numbers = (
        (f"{snapshot.events_per_s:,.0f}", "events/s", "bold cyan"),
        (f"{snapshot.events:,}", "events", "bold"),
        (f"{snapshot.lag:,}", "waiting", "bold"),
        (f"{snapshot.alerts:,}", "alerts", "bold red"),
        (f"{snapshot.rejects:,}", "rejects", "bold yellow" if snapshot.rejects else "bold"),
        (f"{snapshot.checkpoints:,}", "checkpoints", "bold"),
    )
    told = (Text.assemble((number, style), " ", (unit, "dim")) for number, unit, style in numbers)
    minutes, seconds = divmod(int(snapshot.seconds), 60)
    return Panel(
        Text("   ").join(told),
        title="Lakay Intelligence",
        subtitle=f"{minutes}:{seconds:02d}",
        border_style="cyan",
    )


def _topics(snapshot: Snapshot) -> RenderableType:
    table = Table(box=None, expand=True, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("topic", no_wrap=True, ratio=1)
    table.add_column("records", justify="right", no_wrap=True, min_width=9)
    table.add_column("lag", justify="right", no_wrap=True, min_width=6)
    for topic, written, lag in snapshot.backlog:
        table.add_row(topic, f"{written:,}", Text(f"{lag:,}", "yellow" if lag else "green"))
    for topic, alerts in snapshot.alerts_by_topic.items():
        table.add_row(topic, f"{alerts:,}", "", style="red")
    return Panel(table, title="Topics", border_style="dim")


def _rules(by_rule: Mapping[str, int], by_tier: Mapping[str, int]) -> RenderableType:
    table = Table(box=None, expand=True, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("alerts", justify="right", no_wrap=True)
    table.add_column("", ratio=1)
    most = max(by_rule.values(), default=1)
    for rule, alerts in list(by_rule.items())[:MOST_RULES]:
        table.add_row(rule, f"{alerts:,}", Bar(most, 0, alerts, color="red"))
    tiers = ", ".join(f"{by_tier[tier]:,} {tier}" for tier in TIER_STYLES if by_tier.get(tier))
    return Panel(table, title=f"Alerts by rule ({tiers})" if tiers else "Alerts by rule", border_style="dim")


def _latest(alerts: tuple[SeenAlert, ...]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, expand=True, header_style="dim", show_edge=False, pad_edge=False)
    table.add_column("tier", no_wrap=True)
    table.add_column("alert", no_wrap=True)
    table.add_column("about", justify="right", no_wrap=True)
    table.add_column("whom", no_wrap=True, width=8)
    table.add_column("alerts", justify="right", no_wrap=True)
    table.add_column("why", ratio=1)
    for alert in alerts:
        table.add_row(
            Text(alert.tier.upper(), TIER_STYLES.get(alert.tier, "")),
            alert.kind,
            alert.what,
            Text(alert.whom[:8], "dim"),
            f"{alert.times:,}",
            _why(alert),
        )
    if not alerts:
        table.add_row("", "", "", "", "", Text("none yet", "dim"))
    return Panel(table, title="Users and circles alerted last, as a committed reader sees it", border_style="dim")


def _why(alert: SeenAlert) -> RenderableType:
    """The strongest reason on a line of its own, then the others."""
    strongest, others = alert.reasons[:1], alert.reasons[1:]
    lines = [Text(*strongest, no_wrap=True, overflow="ellipsis")]
    if others:
        lines.append(Text("; ".join(others), "dim", no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def _footer(snapshot: Snapshot) -> RenderableType:
    return Text.assemble(
        (" worker ", "dim"),
        f"{snapshot.pages}/stats",
        (" and ", "dim"),
        "/health",
        ("   kafka ", "dim"),
        snapshot.kafka,
        ("   Ctrl-C stops everything", "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )


def _sentence(alert: SeenAlert) -> str:
    """The tier, the kind, what it is about and the strongest reason."""
    what = f"{alert.tier.upper()} {alert.kind} {alert.what}"
    return f"{what}: {alert.reasons[0]}" if alert.reasons else what
