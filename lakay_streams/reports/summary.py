"""A week or a month of compliance in numbers: what was found, what is due and filed, whose risk rose.

Alerts and triggers count in the period in which they were first detected, by what they say now; reports to FinCEN in
the period in which they were due. Sums are US cents; a withdrawn alert adds nothing up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from lakay_streams.reports.amounts import shown
from lakay_streams.reports.obligations import Deadline
from lakay_streams.reports.periods import Span
from lakay_streams.reports.records import Period

_ALERTS: LiteralString = """
    SELECT alert_type AS rule, body ->> 'recommendation' AS recommendation, body ->> 'status' AS status,
           count(*)::int AS alerts, count(DISTINCT entity)::int AS customers,
           sum((body #>> '{totals,in_minor}')::bigint)::bigint AS in_minor,
           sum((body #>> '{totals,out_minor}')::bigint)::bigint AS out_minor,
           sum((body #>> '{totals,cash_in_minor}')::bigint)::bigint AS cash_in_minor,
           sum((body #>> '{totals,cash_out_minor}')::bigint)::bigint AS cash_out_minor
    FROM alerts
    WHERE kind = 'compliance' AND body ->> 'detected_at' >= %s AND body ->> 'detected_at' < %s
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_TRIGGERS: LiteralString = """
    SELECT body ->> 'previous_level' AS previous_level, body ->> 'risk_level' AS risk_level, count(*)::int AS triggers
    FROM alerts WHERE kind = 'edd' AND occurred_at >= %s AND occurred_at < %s
    GROUP BY 1, 2 ORDER BY 1, 2
"""

_MONEY = ("in_minor", "out_minor", "cash_in_minor", "cash_out_minor")


async def document(
    connection: AsyncConnection[Any], period: Period, span: Span, due: Sequence[Deadline], today: date
) -> dict[str, Any]:
    """Return the summary, JSON-ready; `due` are all deadlines as of `today`."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_ALERTS, span.bounds_text)
    alerts = await cursor.fetchall()
    await cursor.execute(_TRIGGERS, (span.since, span.before))
    triggers = await cursor.fetchall()
    return {
        "period": period,
        "as_of": today.isoformat(),
        "alerts": {
            "total": sum(row["alerts"] for row in alerts),
            "by_rule": _counted(alerts, "rule"),
            "by_recommendation": _counted(alerts, "recommendation"),
            "by_status": _counted(alerts, "status"),
            "rows": [{**row, **{_text(name): shown(row[name]) for name in _MONEY}} for row in alerts],
        },
        "filings": {kind: filings(due, kind, span, today) for kind in ("ctr", "sar")},
        "risk": {
            "edd_triggers": sum(row["triggers"] for row in triggers),
            "by_level": _counted(triggers, "risk_level", "triggers"),
            "rows": triggers,
        },
    }


def filings(due: Sequence[Deadline], kind: str, span: Span, today: date) -> dict[str, Any]:
    """Return what became of the reports of a kind that were due in the period, and what is overdue now."""
    ours = [each for each in due if each.kind == kind]
    inside = [each for each in ours if each.due and span.start.isoformat() <= each.due <= span.end.isoformat()]
    filed = [each for each in inside if each.filed_on is not None]
    return {
        "due": len(inside),
        "filed": len(filed),
        "filed_late": sum(each.late for each in filed),
        "declined": sum(each.status == "declined" for each in inside),
        "pending": sum(each.pending for each in inside),
        "overdue": sum(each.overdue for each in inside),
        "overdue_of_any_period": sum(each.overdue for each in ours),
        "due_later": sum(each.pending and (each.due or "") > max(today, span.end).isoformat() for each in ours),
    }


def _counted(rows: Sequence[dict[str, Any]], by: str, what: str = "alerts") -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[str(row[by])] += row[what]
    return dict(sorted(counts.items()))


def _text(name: str) -> str:
    return name.removesuffix("_minor")
