"""What a report is, once stored: who made it when, of what, and everything it says.

A report never changes. Its id is made of its kind, its period and what it says, so that asking for the same report
twice stores it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["ctr", "sar", "summary", "audit"]
Period = Literal["weekly", "monthly"]
Format = Literal["json", "html", "pdf", "xml"]

KINDS: tuple[Kind, ...] = ("ctr", "sar", "summary", "audit")

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xml": "application/xml",
}
"""What each format is, for HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Whether a FinCEN batch was checked, and against what: the project's rules, and FinCEN's schema if it is there.

    `validated` is False where there is no batch, as `reason` says, and in reports of before there were rules. What is
    invalid is never stored, so a stored report has no errors.
    """

    validated: bool
    against: str | None = None
    reason: str = ""
    errors: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "validated": self.validated,
            "against": self.against,
            "reason": self.reason,
            "errors": list(self.errors),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEntry:
    """A report in a list: nothing personal. Days are ISO 8601 business days, `created_at` is UTC.

    `sha256` is that of the exact bytes that were sealed. `formats` are what `render` makes of it.
    """

    report_id: str
    kind: Kind
    period_start: str
    period_end: str
    created_at: str
    created_by: str
    settings_version: str
    sha256: str
    validation: Validation
    formats: tuple[Format, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "report_id": self.report_id,
            "kind": self.kind,
            "period": {"start": self.period_start, "end": self.period_end},
            "created_at": self.created_at,
            "created_by": self.created_by,
            "settings_version": self.settings_version,
            "sha256": self.sha256,
            "validation": self.validation.as_json(),
            "formats": list(self.formats),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport(ReportEntry):
    """A report with all that it says; `document` is JSON-ready and holds personal values.

    `xml` is the FinCEN batch; None for other kinds, and where there is nothing to file.
    """

    document: dict[str, Any] = field(repr=False)
    xml: str | None = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready; the batch has a format of its own."""
        # not super(): a slotted dataclass is another class than the one that it was written in
        return {**ReportEntry.as_json(self), "document": self.document}
