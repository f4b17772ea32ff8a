"""Settings that decisions depend on, into the audit trail: once when they are first met, and whenever they changed.

An examiner asks when a rule was switched off or a threshold moved, and who else than the trail would know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import AsyncConnection

from lakay_streams.db import audit
from lakay_streams.settings import Settings

ACTION = "settings_in_force"


async def record_settings(connection: AsyncConnection[Any], settings: Settings, *, actor: str) -> bool:
    """Append the settings, and what changed, unless the newest entry has them; return whether they were appended."""
    # So that of two who start at once, the second finds what the first has written.
    await audit.lock(connection)
    newest = await audit.newest(connection, ACTION)
    known: dict[str, dict[str, Any]] = newest["details"]["settings"] if newest else {}
    if known == settings.decisive:
        return False
    details = {
        "version": settings.version,
        "changed": dict(_changes(known, settings.decisive)) if known else {},
        "settings": settings.decisive,
    }
    await audit.append(connection, ACTION, actor=actor, subject=settings.version, details=details)
    return True


def _changes(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, object]]
) -> Iterator[tuple[str, list[object]]]:
    for group, fields in after.items():
        for field in sorted(fields.keys() | before.get(group, {}).keys()):
            values: list[object] = [before.get(group, {}).get(field), fields.get(field)]
            if values[0] != values[1]:
                yield f"{group}_{field}".upper(), values
