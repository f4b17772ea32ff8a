"""A compliance office: customers whose alerts are archived as `lakay archive` does it, and the reports made of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from lakay_streams.archive.rows import RowMaker
from lakay_streams.contracts import alerts
from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, EDD_TRIGGERS
from lakay_streams.db.pool import Database
from lakay_streams.domain.compliance.alert import ComplianceAlert, EddTrigger
from lakay_streams.domain.frozen import replace
from lakay_streams.reports.fincen.checking import NAMESPACE
from lakay_streams.reports.service import Reports
from lakay_streams.settings import Settings
from lakay_streams.settings.domains import FINCEN_SCHEMAS, FilingSettings
from tests.archive.keeping import kept
from tests.archive.test_rows import consumed
from tests.domain.compliance.customer import Customer, instant

ROOT = Path(__file__).parents[2]
OFFICER = "officer@desk"

FILER = FilingSettings(
    filer_name="Trebanx Money Services",
    filer_ein="123456789",
    filer_rssd="1234567",
    filer_tcc="PTCC1234",
    filer_street="1 Main Street",
    filer_city="Miami",
    filer_state="FL",
    filer_zip="33101",
    filer_country="US",
    filer_phone="3055550100",
    filer_contact_office="BSA Compliance",
    filer_contact_name="Compliance Desk",
)
NOBODY = FilingSettings()

SPLIT = """03-10 09:00 deposit 9,500 cash
           03-10 12:00 deposit 9,400 money_order
           03-10 15:00 remit 9,300 cash to marie-joseph"""
PASSED_ON = "\n".join(
    f"03-{day} 09:00 deposit 3,000 bank\n03-{day} 10:00 transfer 2,950 wallet to anne-claire" for day in (10, 13, 16)
)


def schemas() -> Path | None:
    """Return the folder of FinCEN's schemas, None where it is not: they are not the project's to ship."""
    folder = Path(os.environ.get("LAKAY_TEST_FINCEN_SCHEMAS") or ROOT.parent / "shared/reference/fincen")
    return folder if all((folder / name).is_file() for name in FINCEN_SCHEMAS.values()) else None


class Office:
    """One archive, and who reports on it. `at` is what the clock shows, by New York's time of 2026."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Begin with a filer of which everything is known, on 1 April, and with FinCEN's schemas where they are."""
        self.database = database
        self.settings = settings.model_copy(update={"filing": FILER.model_copy(update={"fincen_schemas": schemas()})})
        self.at = instant("04-01", "12:00")
        self._offset = 0

    @property
    def reports(self) -> Reports:
        """The reports as of now."""
        return Reports(self.settings, self.database, now=lambda: self.at)

    def filed_by(self, filer: FilingSettings) -> None:
        """Exchange the filer; keep the schemas that it names, or none."""
        self.settings = self.settings.model_copy(update={"filing": filer})

    async def learns(self, user_id: str, story: str, **customer: Any) -> list[str]:
        """Archive every alert that a customer's story makes; return their ids, by the last revision of each."""
        lived = Customer(**customer).lives(story)
        return await self.archives(user_id, lived.alerts, lived.triggers)

    async def archives(
        self, user_id: str, found: Sequence[ComplianceAlert], triggers: Sequence[EddTrigger] = ()
    ) -> list[str]:
        """Archive alerts and triggers of a user."""
        maker = RowMaker.of(self.settings)
        told = [
            alerts.compliance_alert(replace(each, user_id=user_id), settings_version="0123456789ab") for each in found
        ]
        records = [(COMPLIANCE_ALERTS, alerts.encode(each), each.occurred_at) for each in told]
        for trigger in triggers:
            edd = alerts.edd_trigger(replace(trigger, user_id=user_id), settings_version="0123456789ab")
            records.append((EDD_TRIGGERS, alerts.encode(edd), edd.occurred_at))
        rows = []
        for topic, value, _ in records:
            self._offset += 1
            rows.append(maker.alert(consumed(topic, value, offset=self._offset, timestamp=self.at + self._offset)))
        assert {row.table for row in rows} <= {"alerts"}
        async with self.database.connection() as connection:
            await kept(connection, maker, rows)
        return list(dict.fromkeys(each.alert_id for each in told))

    async def fetches(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, parameters)).fetchall()


def parsed(xml: str | None) -> Any:
    """Return the root of a batch."""
    assert xml is not None
    return etree.fromstring(xml.encode())


def values(root: Any, name: str) -> list[str]:
    """Return the texts of every element of a name, in order."""
    return [element.text or "" for element in root.iter(f"{{{NAMESPACE}}}{name}")]
