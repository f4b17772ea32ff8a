"""FinCEN's BSA E-Filing batches: XML of the elements that currency and suspicious activity reports share.

Source: FinCEN CTR XML Schema User Guide 1.8 and FinCEN SAR XML Schema User Guide 1.6 (August 2021). Every element with
a `SeqNum` gets the next one of the batch; values have no spaces at their ends and no line breaks; amounts are whole
dollars. What is not known is left out, or said to be unknown where there is an indicator for that. Every batch is held
against the project's own description of it (`reports.fincen`), and against FinCEN's schemas where they are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from lakay_streams.errors import ReportError, SettingsError
from lakay_streams.reports.fincen.checking import NAMESPACE, problems
from lakay_streams.reports.fincen.values import bare_number, cleaned
from lakay_streams.reports.records import Validation
from lakay_streams.settings.domains import FINCEN_SCHEMAS, FilingSettings

TRANSMITTER, TRANSMITTER_CONTACT, INSTITUTION, LOCATION, CONTACT_OFFICE = "35", "37", "30", "34", "8"
CONDUCTOR, SUBJECT, HOLDING_INSTITUTION = "50", "33", "41"

EIN, TIN, RSSD, TCC = "2", "4", "14", "28"

MONEY_SERVICES_BUSINESS = "4"

IRS = "7"
"""The federal regulator of money services businesses (31 CFR 1010.810(b)(8))."""

ACCOUNT_CHARS = 40

Element = Any
"""lxml's element: its stubs tell no type that can be named at run time."""


class Batch:
    """One batch while it is written."""

    def __init__(self, form: str, filer: FilingSettings) -> None:
        """Begin a batch of `form`, CTRX or SARX, filed by `filer`."""
        self.root: Element = etree.Element(_named("EFilingBatchXML"), nsmap={"fc2": NAMESPACE})
        self.filer = filer
        self._last = 0
        self.add(self.root, "FormTypeCode", form)

    def add(self, parent: Element, name: str, value: str | None) -> None:
        """Add an element with a value; with None, add nothing, and with "", an empty element."""
        if value is not None:
            etree.SubElement(parent, _named(name)).text = cleaned(value)

    def numbered(self, parent: Element, name: str) -> Element:
        """Add an element with the next sequence number."""
        self._last += 1
        return etree.SubElement(parent, _named(name), SeqNum=str(self._last))

    def activity(self, filed_on: date, prior: str | None) -> Element:
        """Add a report; `prior` is the BSA identifier of the one that it amends."""
        activity = self.numbered(self.root, "Activity")
        self.add(activity, "EFilingPriorDocumentNumber", prior)
        self.add(activity, "FilingDateText", day_text(filed_on))
        return activity

    def party(self, parent: Element, code: str) -> Element:
        """Add a party, whose other elements the caller adds in the schema's order."""
        party = self.numbered(parent, "Party")
        self.add(party, "ActivityPartyTypeCode", code)
        return party

    def name(self, party: Element, name: str | None) -> None:
        """Add a party's legal name; without one, the element that the schema asks for, and no name."""
        element = self.numbered(party, "PartyName")
        self.add(element, "PartyNameTypeCode", "L")
        self.add(element, "RawPartyFullName", name)

    def unknown_name(self, party: Element) -> None:
        """Say that a person's names are unknown."""
        element = self.numbered(party, "PartyName")
        self.add(element, "EntityLastNameUnknownIndicator", "Y")
        self.add(element, "FirstNameUnknownIndicator", "Y")
        self.add(element, "PartyNameTypeCode", "L")

    def unknown_address(self, party: Element) -> None:
        """Say that an address is unknown."""
        element = self.numbered(party, "Address")
        for part in ("City", "CountryCode", "StateCode", "StreetAddress", "ZIPCode"):
            self.add(element, f"{part}UnknownIndicator", "Y")

    def filer_address(self, party: Element) -> None:
        """Add the filer's address, as far as it is known."""
        filer = self.filer
        parts = {
            "RawCityText": filer.filer_city,
            "RawCountryCodeText": filer.filer_country,
            "RawStateCodeText": filer.filer_state,
            "RawStreetAddress1Text": filer.filer_street,
            "RawZIPCode": filer.filer_zip,
        }
        if any(parts.values()):
            element = self.numbered(party, "Address")
            for name, value in parts.items():
                self.add(element, name, value)

    def filer_phone(self, party: Element) -> None:
        """Add the telephone number of the office to contact."""
        if self.filer.filer_phone:
            self.add(self.numbered(party, "PhoneNumber"), "PhoneNumberText", self.filer.filer_phone)

    def identified(self, party: Element, number: str | None, kind: str) -> None:
        """Add an identification, if it is known."""
        if number:
            element = self.numbered(party, "PartyIdentification")
            self.add(element, "PartyIdentificationNumberText", number)
            self.add(element, "PartyIdentificationTypeCode", kind)

    def unidentified(self, party: Element) -> None:
        """Say that a person's taxpayer number and document are unknown."""
        self.add(self.numbered(party, "PartyIdentification"), "TINUnknownIndicator", "Y")
        self.add(self.numbered(party, "PartyIdentification"), "IdentificationPresentUnknownIndicator", "Y")

    def money_services_business(self, party: Element) -> None:
        """Say what kind of institution a party is."""
        element = self.numbered(party, "OrganizationClassificationTypeSubtype")
        self.add(element, "OrganizationTypeID", MONEY_SERVICES_BUSINESS)

    def filer_parties(self, activity: Element) -> None:
        """Add who transmits, who may be contacted about that, who files, and the office to contact."""
        filer = self.filer
        transmitter = self.party(activity, TRANSMITTER)
        self.name(transmitter, filer.filer_name)
        self.filer_address(transmitter)
        self.filer_phone(transmitter)
        self.identified(transmitter, filer.filer_tcc, TCC)
        self.identified(transmitter, filer.filer_ein, TIN)
        self.name(self.party(activity, TRANSMITTER_CONTACT), filer.filer_contact_name)
        institution = self.party(activity, INSTITUTION)
        self.add(institution, "PrimaryRegulatorTypeCode", IRS)
        self.name(institution, filer.filer_name)
        self.filer_address(institution)
        self.identified(institution, filer.filer_ein, EIN)
        self.identified(institution, filer.filer_rssd, RSSD)
        self.money_services_business(institution)
        office = self.party(activity, CONTACT_OFFICE)
        self.name(office, filer.filer_contact_office)
        self.filer_phone(office)

    def finished(self, **counts: int) -> str:
        """Return the batch, with the counts that its root carries."""
        for name, count in counts.items():
            self.root.set(name, str(count))
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def missing_of(filer: FilingSettings) -> Iterator[str]:
    """Yield what a batch lacks of the filer, with the variable to set. An RSSD number is not everyone's."""
    needed = {
        "name": "filer_name",
        "employer identification number": "filer_ein",
        "transmitter control code": "filer_tcc",
        "street": "filer_street",
        "city": "filer_city",
        "state": "filer_state",
        "ZIP code": "filer_zip",
        "country": "filer_country",
        "telephone number": "filer_phone",
        "contact office": "filer_contact_office",
        "transmitter's contact": "filer_contact_name",
    }
    for what, field in needed.items():
        if getattr(filer, field) is None:
            yield f"filer: {what} (COMPLIANCE_{field.upper()})"


OWN_RULES = "the project's own rules"


def validated(xml: str | None, kind: str, filer: FilingSettings) -> Validation:
    """Check a batch against the project's own rules, and against FinCEN's schema where its folder is set.

    Raises `ReportError` with the first error for one that either refuses, and says which took it; no value of the batch
    is in it. The rules see further than a schema can, so they may refuse what it takes; the other way round is a fault.
    """
    if xml is None:
        return Validation(validated=False, reason="nothing is to be filed")
    judges: list[tuple[str, Sequence[str]]] = [(OWN_RULES, problems(xml, kind))]
    if filer.fincen_schemas is not None:
        judges.insert(0, (FINCEN_SCHEMAS[kind], refusals(xml, kind, filer.fincen_schemas)))
    against = " and ".join(judge for judge, _ in judges)
    refused = {judge: found for judge, found in judges if found}
    if not refused:
        return Validation(validated=True, against=against)
    said = " and ".join(
        f"{judge} refuse{'' if judge == OWN_RULES else 's'} it ({found[0]})" for judge, found in refused.items()
    )
    took = "".join(f", while {judge} would take it" for judge, found in judges if not found)
    raise ReportError(
        f"The batch is not stored, since {said}{took}: correct what it is made of, a COMPLIANCE_FILER_ setting or an "
        "officer's text, or report this as a fault."
    )


def refusals(xml: str, kind: str, folder: Path) -> Sequence[str]:
    """Return what FinCEN's schema refuses of a batch: line, element and the schema's own rule, without the value."""
    schema, root = _schema(folder / FINCEN_SCHEMAS[kind]), etree.fromstring(xml.encode())
    # FinCEN's own pattern for this has an empty branch, with which libxml2 takes any text.
    spaced = [
        f"line {element.sourceline}, {etree.QName(element).localname}: spaces at an end or a line break"
        for element in root.iter()
        if not len(element) and element.text and cleaned(element.text) != element.text
    ]
    if schema.validate(root):
        return spaced
    errors: Any = schema.error_log  # its stub knows no iteration
    return [*(_refusal(error) for error in errors), *spaced]


def day_text(day: date) -> str:
    """Return a day as FinCEN writes it, YYYYMMDD."""
    return f"{day:%Y%m%d}"


def account_of(customer: str) -> str | None:
    """Return a customer's id as an account number: its letters and digits alone, as identifying numbers are filed.

    None where it is longer than one may be, has other signs than those that part numbers, or stands for nothing.
    """
    number = bare_number(customer)
    return number if number is not None and len(number) <= ACCOUNT_CHARS else None


def _named(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


@lru_cache(maxsize=8)
def _schema(file: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.parse(file))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SettingsError(
            f"{file} cannot be used as a schema ({type(error).__name__}): name a folder with FinCEN's own files in "
            "COMPLIANCE_FINCEN_SCHEMAS"
        ) from None


def _refusal(error: Any) -> str:
    element = re.search(r"Element '(?:\{[^}]*\})?(\w+)'", error.message)
    rule = str(error.type_name).removeprefix("SCHEMAV_").lower().replace("_", "-")
    return f"line {error.line}, {element[1] if element else 'batch'}: {rule}"
