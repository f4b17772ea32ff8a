"""Settings that decisions depend on are in the audit trail, once for each change, with what changed."""

from __future__ import annotations

import asyncio

from lakay_streams.archive.settings_in_force import record_settings
from lakay_streams.db import audit
from lakay_streams.db.pool import Database
from lakay_streams.settings import Settings


async def test_a_rule_that_is_switched_off_is_in_the_trail(stored: Settings) -> None:
    off = stored.model_copy(update={"compliance": stored.compliance.model_copy(update={"ctr_enabled": False})})
    async with Database(stored, application="tests") as database:

        async def start(settings: Settings) -> bool:
            async with database.connection() as connection:
                return await record_settings(connection, settings, actor="archive")

        assert sorted(await asyncio.gather(*(start(stored) for _ in range(4)))) == [False, False, False, True]
        assert await start(off)
        assert not await start(off)
        assert await start(stored)
        async with database.connection() as connection:
            entry = await audit.newest(connection, "settings_in_force")
            changes = [text for text in await audit.latest(connection, 10) if "COMPLIANCE_CTR_ENABLED" in text]
    assert len(changes) == 2
    assert entry is not None
    assert entry["details"]["changed"] == {"COMPLIANCE_CTR_ENABLED": [False, True]}
    assert entry["subject"] == stored.version


async def test_settings_that_decide_nothing_are_no_change(stored: Settings) -> None:
    async with Database(stored, application="tests") as database, database.connection() as connection:
        assert await record_settings(connection, stored, actor="archive")
        moved = stored.model_copy(update={"log_level": "ERROR", "worker_port": 7000})
        assert not await record_settings(connection, moved, actor="archive")
