"""Deadlines: which reports are due to FinCEN, and what became of them.

A currency transaction report is due 15 days after its day (31 CFR 1010.306(a)(1)), a suspicious activity report 30 days
after the detection (31 CFR 1022.320(b)(3)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

FilingKind = Literal["ctr", "sar"]
Status = Literal["open", "drafted", "filed", "declined", "revised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One alert that is, or was, to be reported. Days are ISO 8601.

    `status` is revised when the alert has changed since its report was filed, so that an amendment is due to be
    considered. `days_left` is negative where overdue. Nothing personal is in it; that a SAR is due is confidential.
    """

    alert_id: str
    kind: FilingKind
    rule: str
    due: str
    days_left: int
    status: Status
    revision: int
    overdue: bool
    report_id: str | None = None
    bsa_id: str | None = None
    filed_on: str | None = None
    reason: str | None = None
    changed_by: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {name: getattr(self, name) for name in self.__slots__}
