"""What an examiner asks for: the audit report. Is the trail whole, is everything kept, were deadlines kept?

Each question is a check with its answer; a report is ready when every one is answered well. The head of the trail is
noted in the report, so that a trail that is rewritten afterwards is found by it (`lakay audit verify --expect`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from lakay_streams.db import audit, retention
from lakay_streams.db.audit import Verdict
from lakay_streams.reports.obligations import Deadline
from lakay_streams.reports.periods import Span
from lakay_streams.reports.summary import filings

_TRAIL: LiteralString = """
    SELECT action, count(*)::int AS entries FROM audit_trail
    WHERE (entry::jsonb ->> 'at') COLLATE "C" >= %s AND (entry::jsonb ->> 'at') COLLATE "C" < %s
    GROUP BY 1 ORDER BY 1
"""

_CHANGES: LiteralString = """
    SELECT entry FROM audit_trail
    WHERE action IN ('settings_in_force', 'retention_deleted')
        AND (entry::jsonb ->> 'at') COLLATE "C" >= %s AND (entry::jsonb ->> 'at') COLLATE "C" < %s
    ORDER BY seq
"""

_QUALITY: dict[str, LiteralString] = {
    "archived": "SELECT kind, count(*)::int AS alerts FROM alerts "
    "WHERE archived_at >= %s AND archived_at < %s GROUP BY 1 ORDER BY 1",
    "rejected": "SELECT coalesce(event_type, 'unreadable') AS event_type, source_topic, count(*)::int AS events "
    "FROM rejects WHERE coalesce(rejected_at, archived_at) >= %s AND coalesce(rejected_at, archived_at) < %s "
    "GROUP BY 1, 2 ORDER BY 1, 2",
    "quarantined": "SELECT topic, count(*)::int AS records FROM quarantine "
    "WHERE archived_at >= %s AND archived_at < %s GROUP BY 1 ORDER BY 1",
}

_VERSIONS: LiteralString = "SELECT event_type, event_version, events FROM schema_versions ORDER BY 1, 2"


async def document(
    connection: AsyncConnection[Any], verdict: Verdict, span: Span, due: Sequence[Deadline], today: date
) -> dict[str, Any]:
    """Return the audit report, JSON-ready; `verdict` is the trail's, `due` are all deadlines as of `today`."""
    cursor = connection.cursor(row_factory=dict_row)
    bounds = (span.since, span.before)

    async def rows(query: LiteralString, *parameters: object) -> list[dict[str, Any]]:
        await cursor.execute(query, parameters)
        return await cursor.fetchall()

    # As entries have them, which sort as text; one that is malformed is among the verdict's problems.
    moments = [audit.moment(bound) for bound in bounds]
    changes = [told for row in await rows(_CHANGES, *moments) if (told := audit.read(row["entry"])) is not None]
    quality = {name: await rows(query, *bounds) for name, query in _QUALITY.items()}
    quality["versions"] = await rows(_VERSIONS)
    deadlines = {kind: filings(due, kind, span, today) for kind in ("ctr", "sar")}
    late = [
        {"alert_id": each.alert_id, "kind": each.kind, "form": each.form, "due": each.due, "filed_on": each.filed_on}
        for each in due
        if each.late and each.due and span.start.isoformat() <= each.due <= span.end.isoformat()
    ]
    told = {
        "as_of": today.isoformat(),
        "trail": {
            "rows": verdict.rows,
            "head": str(verdict.head),
            "problems": list(verdict.problems),
            "entries": await rows(_TRAIL, *moments),
        },
        "retention": {
            "years": retention.YEARS,
            "deletable_before": retention.latest_cutoff(today).isoformat(),
            "tables": [await _kept(connection, table) for table in retention.TABLES],
            "deletions": [_told(each) for each in changes if each["action"] == "retention_deleted"],
        },
        "deadlines": deadlines | {"late": late},
        "settings": [
            _told(each) | {"version": each["subject"], "changed": each["details"].get("changed")}
            for each in changes
            if each["action"] == "settings_in_force"
        ],
        "quality": quality,
    }
    checks = _checks(told)
    return {"ready": all(check["ok"] for check in checks), "checks": checks, **told}


def _checks(told: dict[str, Any]) -> list[dict[str, Any]]:
    late, quarantined = told["deadlines"]["late"], sum(row["records"] for row in told["quality"]["quarantined"])
    problems = told["trail"]["problems"]
    return [
        {
            "check": "the audit trail is whole",
            "ok": not problems,
            "found": problems[0] if problems else f"{told['trail']['rows']} rows, head {told['trail']['head']}",
        },
        {
            "check": "every report was filed in time",
            "ok": not late,
            "found": f"{len(late)} late or overdue" if late else "none late, none overdue",
        },
        {
            "check": "every record of the lakay topics was archived",
            "ok": not quarantined,
            "found": f"{quarantined} quarantined" if quarantined else "none quarantined",
        },
    ]


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    rows = entry["details"].get("rows")
    return {"at": entry["at"], "actor": entry["actor"]} | ({"rows": rows} if rows else {})


async def _kept(connection: AsyncConnection[Any], table: str) -> dict[str, Any]:
    rows, oldest = await retention.kept(connection, table)
    return {"table": table, "rows": rows, "oldest": oldest and oldest.date().isoformat()}
