"""The table of reports: each immutable, its content sealed, with the hash of the exact bytes that were sealed.

A report's id is the UUIDv5 of its kind, its period and that hash: the same content is stored once, and a changed kind,
period or hash does not fit its id. Whoever makes or reads one is in the audit trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID, uuid5

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lakay_streams.db import audit
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.pii.sealing import Vault
from lakay_streams.reports.periods import Span
from lakay_streams.reports.records import Format, Kind, ReportEntry, StoredReport, Validation

_NAMESPACE = UUID("7f3f3c0a-2f1e-5d55-9c61-0d2f6f3f7b0e")

_COLUMNS = """
    report_id::text, kind, period_start, period_end, created_at, created_by, settings_version, sha256, validation,
    formats
"""


async def store(
    connection: AsyncConnection[Any],
    vault: Vault,
    kind: Kind,
    period: Span,
    document: Mapping[str, Any],
    *,
    xml: str | None,
    validation: Validation,
    settings_version: str,
    actor: str,
    alerts: tuple[str, ...] = (),
) -> StoredReport:
    """Store a report unless it is there already, audit that it was made, and return it as it is stored."""
    plain = audit.canonical({"document": document, "xml": xml}).encode()
    digest = hashlib.sha256(plain).hexdigest()
    report_id = _id_of(kind, period.start.isoformat(), period.end.isoformat(), digest)
    formats: list[Format] = ["json", "html", "pdf"]
    cursor = await connection.execute(
        """
        INSERT INTO reports (report_id, kind, period_start, period_end, created_by, settings_version, sha256,
                             validation, formats, sealed, encryption_key)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (
            report_id,
            kind,
            period.start,
            period.end,
            actor,
            settings_version,
            digest,
            Jsonb(validation.as_json()),
            formats if xml is None else [*formats, "xml"],
            vault.seal(plain, context(report_id)),
            vault.key_id,
        ),
    )
    stored = await opened(connection, vault, report_id)
    details = {"kind": kind, "sha256": digest, "alerts": list(alerts), "new": cursor.rowcount == 1}
    await audit.append(connection, "report_made", actor=actor, subject=report_id, details=details)
    return stored


async def read(connection: AsyncConnection[Any], vault: Vault, report_id: str, *, actor: str) -> StoredReport:
    """Return a report, and audit that it was read.

    Raises `ReportNotFound`, `PiiError`, and `ReportError` when it is not what was stored.
    """
    stored = await opened(connection, vault, report_id)
    await audit.append(connection, "report_read", actor=actor, subject=report_id, details={"kind": stored.kind})
    return stored


async def entries(
    connection: AsyncConnection[Any], kind: Kind | None, limit: int, offset: int
) -> tuple[ReportEntry, ...]:
    """Return the newest reports, of one kind if it is given."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"SELECT {_COLUMNS} FROM reports WHERE %(kind)s::text IS NULL OR kind = %(kind)s "  # noqa: S608 - constants
        "ORDER BY created_at DESC, report_id LIMIT %(limit)s OFFSET %(offset)s",
        {"kind": kind, "limit": limit, "offset": offset},
    )
    return tuple(ReportEntry(**_metadata(row)) for row in await cursor.fetchall())


def context(report_id: str) -> str:
    """Return what a report's seal is bound to."""
    return f"reports/{report_id}"


def _id_of(kind: str, start: str, end: str, digest: str) -> str:
    return str(uuid5(_NAMESPACE, f"{kind}/{start}/{end}/{digest}"))


async def opened(connection: AsyncConnection[Any], vault: Vault, report_id: str) -> StoredReport:
    """Return a report for what follows from it, which nobody reads; raises as `read`."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"SELECT {_COLUMNS}, sealed, encryption_key FROM reports WHERE report_id = %s",  # noqa: S608 - constants
        (report_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        raise ReportNotFound(f"There is no report {report_id}: see `lakay report list`.")
    metadata = _metadata(row)
    plain = vault.open(row["sealed"], row["encryption_key"], context(report_id))
    digest = hashlib.sha256(plain).hexdigest()
    expected = _id_of(metadata["kind"], metadata["period_start"], metadata["period_end"], digest)
    if digest != metadata["sha256"] or expected != report_id:
        raise ReportError(
            f"Report {report_id} is not what was stored, since its hash or its period does not fit: restore it from a "
            "backup, and run `lakay audit verify`."
        )
    content = json.loads(plain)
    return StoredReport(**metadata, document=content["document"], xml=content["xml"])


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    told = row["validation"]
    return {
        "report_id": row["report_id"],
        "kind": row["kind"],
        "period_start": row["period_start"].isoformat(),
        "period_end": row["period_end"].isoformat(),
        "created_at": row["created_at"].astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "created_by": row["created_by"],
        "settings_version": row["settings_version"],
        "sha256": row["sha256"],
        "validation": Validation(
            validated=told["validated"],
            against=told["against"],
            reason=told["reason"],
            errors=tuple(told["errors"]),
        ),
        "formats": tuple(row["formats"]),
    }
