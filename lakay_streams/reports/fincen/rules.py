"""What holds between the elements of a batch. Each rule yields what is wrong, in words without a value.

Sources: FinCEN's user guides of the CTR (1.8) and the SAR (1.6), attributes of `EFilingBatchXML` and remarks of each
element; FinCEN's frequently asked questions about the CTR, 18 (several transactions) and 27 (aggregated ones).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

Element = Any
"""lxml's element: its stubs tell no type that can be named at run time."""

CONDUCTORS = frozenset({"50", "17"})
"""Who handed over or received the cash: for themselves, or for another."""

_ONCE = ("35", "37", "30", "8")
_FOREIGN = {"53": "in", "54": "out"}
_IN = frozenset({"55", "46", "23", "997"})
_OTHER = frozenset({"997", "998"})


def text_of(element: Element, name: str) -> str:
    """Return the value of a part, "" where it is empty or not there."""
    found = element.find(f"{{*}}{name}")
    return "" if found is None else found.text or ""


def whole(text: str) -> int:
    """Return whole dollars, zero for what is none: that is told elsewhere."""
    return int(text) if text.isascii() and text.isdigit() else 0


def ctr_counts(root: Element) -> dict[str, int]:
    """Return what the root of a CTR batch must carry.

    The amounts of all details added up, those of foreign currency too, and the number of all parties.
    """
    details = root.iterfind(".//{*}DetailTransactionAmountText")
    return {
        "TotalAmount": sum(whole(each.text or "") for each in details),
        "PartyCount": sum(1 for _ in root.iterfind(".//{*}Party")),
        "ActivityCount": sum(1 for _ in root.iterfind("{*}Activity")),
    }


def sar_counts(root: Element) -> dict[str, int]:
    """Return what the root of a SAR batch must carry: other than in a CTR, only subjects are counted as parties."""
    amounts = root.iterfind(".//{*}TotalSuspiciousAmountText")
    subjects = [each for each in root.iterfind("{*}Activity/{*}Party") if _code(each) == "33"]
    return {
        "TotalAmount": sum(whole(each.text or "") for each in amounts),
        "PartyCount": len(subjects),
        "ActivityCount": sum(1 for _ in root.iterfind("{*}Activity")),
        "ActivityAttachmentCount": 0,
        "AttachmentCount": 0,
    }


def ctr(activity: Element) -> Iterator[str]:
    """Yield what is wrong between the elements of one currency transaction report."""
    corrects = bool(text_of(activity, "ActivityAssociation/{*}CorrectsAmendsPriorReportIndicator"))
    initial = bool(text_of(activity, "ActivityAssociation/{*}InitialReportIndicator"))
    if corrects == initial:
        yield "ActivityAssociation: a report is the first one, or corrects one, and not both"
    if corrects != bool(text_of(activity, "EFilingPriorDocumentNumber")):
        yield "EFilingPriorDocumentNumber: stands where a report is corrected, and only there"
    yield from _parties(activity, "34", "50")
    transaction = activity.find("{*}CurrencyTransactionActivity")
    if transaction is None:
        return
    totals = {
        "in": whole(text_of(transaction, "TotalCashInReceiveAmountText")),
        "out": whole(text_of(transaction, "TotalCashOutAmountText")),
    }
    codes = {_code(each) for each in activity.iterfind("{*}Party")}
    if text_of(transaction, "AggregateTransactionIndicator") and codes & CONDUCTORS:
        yield "AggregateTransactionIndicator: stands only where no conducting person is known"
    if text_of(transaction, "TransactionDateText") > text_of(activity, "FilingDateText"):
        yield "TransactionDateText: is after the day of filing"
    yield from _cash_of_parties(activity, totals)
    yield from _details(transaction, totals)


def sar(activity: Element) -> Iterator[str]:
    """Yield what is wrong between the elements of one suspicious activity report."""
    association = activity.find("{*}ActivityAssociation")
    first = continuing = corrects = False
    if association is not None:
        first = bool(text_of(association, "InitialReportIndicator"))
        continuing = bool(text_of(association, "ContinuingActivityReportIndicator"))
        corrects = bool(text_of(association, "CorrectsAmendsPriorReportIndicator"))
    if first == (continuing or corrects):
        yield "ActivityAssociation: a report is the first one, or corrects or continues one, and not both"
    if first == bool(text_of(activity, "EFilingPriorDocumentNumber")):
        yield "EFilingPriorDocumentNumber: stands where a report is corrected or continued, and only there"
    yield from _parties(activity, "34", "33")
    suspicious = activity.find("{*}SuspiciousActivity")
    if suspicious is None:
        return
    begins = text_of(suspicious, "SuspiciousActivityFromDateText")
    ends = text_of(suspicious, "SuspiciousActivityToDateText")
    if begins > ends:
        yield "SuspiciousActivityToDateText: is before the first day"
    if ends > text_of(activity, "FilingDateText"):
        yield "SuspiciousActivityToDateText: is after the day of filing"
    cumulative = text_of(suspicious, "CumulativeTotalViolationAmountText")
    if bool(cumulative) != continuing:
        yield "CumulativeTotalViolationAmountText: stands in a continuing report, and only there"
    if cumulative and whole(cumulative) < whole(text_of(suspicious, "TotalSuspiciousAmountText")):
        yield "CumulativeTotalViolationAmountText: is less than the amount of this report"
    classified = list(suspicious.iterfind("{*}SuspiciousActivityClassification"))
    subtypes = [text_of(each, "SuspiciousActivitySubtypeID") for each in classified]
    yield from _twice("SuspiciousActivitySubtypeID", subtypes)
    for each, subtype in zip(classified, subtypes, strict=True):
        if text_of(each, "SuspiciousActivityTypeID") != subtype[:-2]:
            yield "SuspiciousActivityTypeID: is not the type of its subtype"
    assets = activity.iterfind("{*}Assets")
    yield from _twice("AssetSubtypeID", [text_of(each, "AssetSubtypeID") for each in assets])
    told = activity.iterfind("{*}ActivityNarrativeInformation")
    numbers = [text_of(each, "ActivityNarrativeSequenceNumber") for each in told]
    if numbers != [str(each) for each in range(1, len(numbers) + 1)]:
        yield "ActivityNarrativeSequenceNumber: the blocks of the narrative are not numbered 1, 2, and so on"


def sequence(root: Element) -> Iterator[str]:
    """Yield where a sequence number is not its own."""
    numbers = Counter(each.get("SeqNum") for each in root.iter() if each.get("SeqNum") is not None)
    if any(times > 1 for times in numbers.values()):
        yield "SeqNum: a number stands twice in the batch"


def _parties(activity: Element, *at_least_one: str) -> Iterator[str]:
    codes = Counter(_code(each) for each in activity.iterfind("{*}Party"))
    for code in _ONCE:
        if codes[code] != 1:
            yield f"Party: there is not just one of type {code}"
    for code in at_least_one:
        if not codes[code]:
            yield f"Party: there is none of type {code}"
    for party in activity.iterfind("{*}Party"):
        kinds = [text_of(each, "PartyIdentificationTypeCode") for each in party.iterfind("{*}PartyIdentification")]
        yield from _twice("PartyIdentificationTypeCode", [kind for kind in kinds if kind])
        if _code(party) not in {"50", "33"}:
            continue
        identifications = list(party.iterfind("{*}PartyIdentification"))
        if any(len(each) != 1 for each in identifications) or len({each[0].tag for each in identifications}) != 2:
            yield "PartyIdentification: taxpayer number and document are not each said to be unknown in one of its own"


def _cash_of_parties(activity: Element, totals: dict[str, int]) -> Iterator[str]:
    parties = list(activity.iterfind("{*}Party"))
    for way, name in (("in", "In"), ("out", "Out")):
        field = f"IndividualEntityCash{name}AmountText"
        places = sum(whole(text_of(each, field)) for each in parties if _code(each) == "34")
        if places != totals[way]:
            yield f"{field}: the amounts of the places do not add up to the total"
        for person in (each for each in parties if _code(each) == "50"):
            if whole(text_of(person, field)) > totals[way]:
                yield f"{field}: a person's amount is above the total"
            ties = person.iterfind("{*}Account/{*}PartyAccountAssociation/{*}PartyAccountAssociationTypeCode")
            affected = sum((each.text or "") == {"in": "8", "out": "9"}[way] for each in ties)
            if affected and not totals[way]:
                yield "PartyAccountAssociationTypeCode: an account is affected by cash of a way that is not reported"


def _details(transaction: Element, totals: dict[str, int]) -> Iterator[str]:
    added, foreign = {"in": 0, "out": 0}, {"in": 0, "out": 0}
    kinds = []
    for detail in transaction.iterfind("{*}CurrencyTransactionActivityDetail"):
        code = text_of(detail, "CurrencyTransactionActivityDetailTypeCode")
        amount = whole(text_of(detail, "DetailTransactionAmountText"))
        words = text_of(detail, "OtherCurrencyTransactionActivityDetailText")
        country = text_of(detail, "OtherForeignCurrencyCountryText")
        kinds.append((code, country))
        if code in _FOREIGN:
            foreign[_FOREIGN[code]] += amount
        else:
            added["in" if code in _IN else "out"] += amount
        if bool(words) != (code in _OTHER):
            yield "OtherCurrencyTransactionActivityDetailText: stands with cash of a kind not listed, and only there"
        if country and code not in _FOREIGN:
            yield "OtherForeignCurrencyCountryText: stands with foreign currency only"
    yield from _twice("CurrencyTransactionActivityDetail", kinds)
    for way, name in (("in", "TotalCashInReceiveAmountText"), ("out", "TotalCashOutAmountText")):
        if added[way] != totals[way]:
            yield f"{name}: is not the sum of its details"
        # Each country's amount was rounded up by itself.
        if foreign[way] > totals[way] + len(kinds):
            yield f"{name}: is less than the foreign currency in it"
    if not any(totals.values()):
        yield "CurrencyTransactionActivity: reports no cash"


def _twice(name: str, found: Sequence[object]) -> Iterator[str]:
    if len(set(found)) != len(found):
        yield f"{name}: the same kind stands twice"


def _code(party: Element) -> str:
    return text_of(party, "ActivityPartyTypeCode")
