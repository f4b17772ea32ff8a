"""Every element that our batches have, in its order: how often it stands, and what its value may be.

An element with parts carries a `SeqNum`, the batch itself excepted. What a party has depends on what it is, so each has
parts of its own. Meaning and order: FinCEN's user guides, section 3.3 (CTR) and 4 (SAR).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lakay_streams.reports.fincen.values import (
    Rule,
    called,
    day,
    described,
    digits,
    dollars,
    letters,
    number,
    one_of,
    perhaps,
    printable,
    yes,
    yes_or_empty,
)


class Value(NamedTuple):
    """An element with a value."""

    name: str
    rule: Rule
    least: int = 1
    most: int = 1


class Group(NamedTuple):
    """An element with parts, in their order. With `kinds`, the value of its first part says which parts follow."""

    name: str
    parts: tuple[Value | Group, ...]
    least: int = 1
    most: int = 1
    kinds: Mapping[str, tuple[Value | Group, ...]] | None = None


class Batch(NamedTuple):
    """A batch: what its form is called, the counts that its root carries, and a report's parts."""

    form: str
    counts: tuple[str, ...]
    activity: Group


def _maybe(part: Value | Group, most: int = 1) -> Value | Group:
    return part._replace(least=0, most=most)


_MOST_REPORTS = 10_000
_LEGAL = Value("PartyNameTypeCode", one_of("L"))
_REGULATOR = Value("PrimaryRegulatorTypeCode", one_of("7"))
_NAME = Group("PartyName", (_LEGAL, _maybe(Value("RawPartyFullName", called(150)))))
_UNKNOWN_NAME = Group(
    "PartyName", (Value("EntityLastNameUnknownIndicator", yes), Value("FirstNameUnknownIndicator", yes), _LEGAL)
)
_ADDRESS = Group(
    "Address",
    (
        _maybe(Value("RawCityText", called(50))),
        _maybe(Value("RawCountryCodeText", letters(2))),
        _maybe(Value("RawStateCodeText", letters(2, 3))),
        _maybe(Value("RawStreetAddress1Text", called(100))),
        _maybe(Value("RawZIPCode", digits(5, 9))),
    ),
)
_UNKNOWN_ADDRESS = Group(
    "Address",
    tuple(
        Value(f"{each}UnknownIndicator", yes)
        for each in ("City", "CountryCode", "StateCode", "StreetAddress", "ZIPCode")
    ),
)
_PHONE = _maybe(Group("PhoneNumber", (Value("PhoneNumberText", digits(*range(10, 17))),)))
_TIN = Value("PartyIdentificationNumberText", digits(9))


def _identified(*codes: str) -> Group:
    """Return identifications of the filer: a number and what it is, for each code at most one."""
    return Group(
        "PartyIdentification",
        (
            Value("PartyIdentificationNumberText", number(25)),
            Value("PartyIdentificationTypeCode", one_of(*codes)),
        ),
        least=0,
        most=len(codes),
    )


# The schema takes the indicators in this order in one element, and our batches write each in an element of its own.
_UNIDENTIFIED = Group(
    "PartyIdentification",
    (
        _maybe(Value("IdentificationPresentUnknownIndicator", yes)),
        _maybe(Value("TINUnknownIndicator", yes)),
    ),
    least=2,
    most=2,
)
_MSB = Group("OrganizationClassificationTypeSubtype", (Value("OrganizationTypeID", one_of("4")),))
_CASH = (
    _maybe(Value("IndividualEntityCashInAmountText", dollars)),
    _maybe(Value("IndividualEntityCashOutAmountText", dollars)),
)
_FILER: dict[str, tuple[Value | Group, ...]] = {
    "35": (_NAME, _maybe(_ADDRESS), _PHONE, _identified("28", "4")),
    "37": (_NAME,),
    "30": (_REGULATOR, _NAME, _maybe(_ADDRESS), _identified("2", "14"), _MSB),
    "8": (_NAME, _PHONE),
}
_CTR_PARTIES = _FILER | {
    # The place has an address or none, and nothing of it is "unknown".
    "34": (*_CASH, _REGULATOR, _NAME, _maybe(_ADDRESS), _identified("2"), _MSB),
    "50": (
        Value("BirthDateUnknownIndicator", yes),
        *_CASH,
        _maybe(Value("MultipleTransactionsPersonsIndividualsIndicator", yes)),
        Value("UnknownGenderIndicator", yes),
        _UNKNOWN_NAME,
        _UNKNOWN_ADDRESS,
        _UNIDENTIFIED,
        Group(
            "Account",
            (
                Value("AccountNumberText", number(40)),
                Group("PartyAccountAssociation", (Value("PartyAccountAssociationTypeCode", one_of("8", "9")),)),
            ),
            least=0,
            most=2,
        ),
    ),
}
_CTR_DETAIL = Group(
    "CurrencyTransactionActivityDetail",
    (
        Value(
            "CurrencyTransactionActivityDetailTypeCode",
            one_of("23", "32", "46", "53", "54", "55", "56", "997", "998"),
        ),
        Value("DetailTransactionAmountText", dollars),
        Value("OtherCurrencyTransactionActivityDetailText", perhaps(described(50))),
        Value("OtherForeignCurrencyCountryText", perhaps(letters(2))),
    ),
    most=200,
)
CTR = Batch(
    "CTRX",
    ("TotalAmount", "PartyCount", "ActivityCount"),
    Group(
        "Activity",
        (
            _maybe(Value("EFilingPriorDocumentNumber", digits(14))),
            Value("FilingDateText", day),
            Group(
                "ActivityAssociation",
                (
                    Value("CorrectsAmendsPriorReportIndicator", yes_or_empty),
                    Value("FinCENDirectBackFileIndicator", one_of("")),
                    Value("InitialReportIndicator", yes_or_empty),
                ),
            ),
            Group("Party", (), least=6, most=2002, kinds=_CTR_PARTIES),
            Group(
                "CurrencyTransactionActivity",
                (
                    Value("AggregateTransactionIndicator", yes_or_empty),
                    *(
                        Value(f"{each}Indicator", one_of(""))
                        for each in (
                            "ArmoredCarService",
                            "ATM",
                            "MailDepositShipment",
                            "NightDeposit",
                            "SharedBranching",
                        )
                    ),
                    Value("TotalCashInReceiveAmountText", perhaps(dollars)),
                    Value("TotalCashOutAmountText", perhaps(dollars)),
                    Value("TransactionDateText", day),
                    _CTR_DETAIL,
                ),
            ),
        ),
        most=_MOST_REPORTS,
    ),
)

_SUBJECT_ACCOUNT = Group(
    "PartyAccountAssociation",
    (
        Value("PartyAccountAssociationTypeCode", one_of("7")),
        Group(
            "Party",
            (
                Value("ActivityPartyTypeCode", one_of("41")),
                _maybe(Group("PartyIdentification", (_TIN, Value("PartyIdentificationTypeCode", one_of("4"))))),
                Group(
                    "Account",
                    (
                        Value("AccountNumberText", number(40)),
                        Group("PartyAccountAssociation", (Value("PartyAccountAssociationTypeCode", one_of("5")),)),
                    ),
                    most=99,
                ),
            ),
        ),
    ),
)
_SAR_PARTIES = _FILER | {
    "34": (_REGULATOR, _NAME, _maybe(_UNKNOWN_ADDRESS), _identified("2"), _MSB),
    "33": (
        Value("BirthDateUnknownIndicator", yes),
        Value("UnknownGenderIndicator", yes),
        _UNKNOWN_NAME,
        _UNKNOWN_ADDRESS,
        _UNIDENTIFIED,
        Group(
            "PartyAssociation",
            (
                Value("CustomerIndicator", yes),
                _maybe(Value("SubjectRelationshipFinancialInstitutionTINText", digits(9))),
            ),
        ),
        _maybe(_SUBJECT_ACCOUNT),
    ),
}
# Of alerts, and of what an officer may report by hand.
_SUBTYPES = (
    "106", "111", "112", "113", "114", "312", "322", "401", "402", "403", "404", "405", "409", "701", "801", "804",
    "805", "806", "807", "808", "809", "812", "821", "822", "824", "905", "909", "910", "911", "913", "920", "921",
    "925", "926", "927", "928",
)  # fmt: skip
SAR = Batch(
    "SARX",
    ("TotalAmount", "PartyCount", "ActivityCount", "ActivityAttachmentCount", "AttachmentCount"),
    Group(
        "Activity",
        (
            _maybe(Value("EFilingPriorDocumentNumber", digits(14))),
            Value("FilingDateText", day),
            Group(
                "ActivityAssociation",
                (
                    _maybe(Value("ContinuingActivityReportIndicator", yes)),
                    _maybe(Value("CorrectsAmendsPriorReportIndicator", yes)),
                    _maybe(Value("InitialReportIndicator", yes)),
                ),
            ),
            Group("Party", (), least=6, most=1203, kinds=_SAR_PARTIES),
            Group(
                "SuspiciousActivity",
                (
                    _maybe(Value("CumulativeTotalViolationAmountText", dollars)),
                    Value("SuspiciousActivityFromDateText", day),
                    Value("SuspiciousActivityToDateText", day),
                    Value("TotalSuspiciousAmountText", dollars),
                    Group(
                        "SuspiciousActivityClassification",
                        (
                            Value("SuspiciousActivitySubtypeID", one_of(*_SUBTYPES)),
                            Value("SuspiciousActivityTypeID", one_of("1", "3", "4", "7", "8", "9")),
                        ),
                        most=99,
                    ),
                ),
            ),
            Group(
                "Assets",
                (Value("AssetSubtypeID", one_of("32", "33", "36", "39")), Value("AssetTypeID", one_of("6"))),
                least=0,
                most=31,
            ),
            Group(
                "ActivityNarrativeInformation",
                (
                    Value("ActivityNarrativeSequenceNumber", one_of("1", "2", "3", "4", "5")),
                    Value("ActivityNarrativeText", printable(4000)),
                ),
                most=5,
            ),
        ),
        most=_MOST_REPORTS,
    ),
)

BATCHES: Mapping[str, Batch] = {"ctr": CTR, "sar": SAR}
