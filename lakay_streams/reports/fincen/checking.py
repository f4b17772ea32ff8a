"""A batch held against its description: which elements it has, what is in them, and what holds between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from lakay_streams.reports.fincen import rules
from lakay_streams.reports.fincen.elements import BATCHES, Batch, Group, Value
from lakay_streams.reports.fincen.rules import Element

NAMESPACE = "www.fincen.gov/base"

_COUNTS: Mapping[str, Callable[[Element], dict[str, int]]] = {"ctr": rules.ctr_counts, "sar": rules.sar_counts}
_BETWEEN: Mapping[str, Callable[[Element], Iterator[str]]] = {"ctr": rules.ctr, "sar": rules.sar}
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


def problems(xml: str, kind: str) -> list[str]:
    """Return what is wrong with a batch: line, element and the rule, without any value; nothing for a good one."""
    try:
        root = etree.fromstring(xml.encode(), etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        return [f"line {error.lineno}: is no well-formed XML"]
    except UnicodeEncodeError:
        return ["line 1: has half of a character"]
    if root.getroottree().docinfo.internalDTD is not None:
        return ["line 1: declares a document type"]
    return [*_of_root(root, kind, BATCHES[kind])]


def _of_root(root: Element, kind: str, batch: Batch) -> Iterator[str]:
    if root.tag != _named("EFilingBatchXML"):
        yield "line 1: is no batch of FinCEN's"
        return
    form = Value("FormTypeCode", lambda text: None if text == batch.form else f"is not {batch.form}")
    yield from _parts(root, (form, batch.activity))
    yield from _counted(root, kind, batch)
    yield from rules.sequence(root)
    for activity in root.iterfind(_named("Activity")):
        for wrong in _BETWEEN[kind](activity):
            yield f"line {activity.sourceline}, {wrong}"


def _counted(root: Element, kind: str, batch: Batch) -> Iterator[str]:
    if set(root.attrib) != set(batch.counts):
        yield f"line 1, EFilingBatchXML: carries other counts than {', '.join(batch.counts)}"
    for name, count in _COUNTS[kind](root).items():
        if root.get(name) != str(count):
            yield f"line 1, {name}: is not what the batch adds up to"


def _parts(element: Element, parts: tuple[Value | Group, ...]) -> Iterator[str]:
    """Yield what is wrong with the parts of an element: they stand in order, and nothing between them."""
    children = list(element)
    if (element.text or "").strip() or any((child.tail or "").strip() for child in children):
        yield f"{_at(element)}: has text between its parts"
    place = 0
    for part in parts:
        first = place
        while place < len(children) and children[place].tag == _named(part.name):
            yield from _value(children[place], part) if isinstance(part, Value) else _group(children[place], part)
            place += 1
        if not part.least <= place - first <= part.most:
            expected = f"{part.least}" if part.least == part.most else f"{part.least} to {part.most}"
            yield f"{_at(element)}: has {place - first} {part.name} where {expected} belong"
    if place < len(children):
        yield f"{_at(children[place])}: does not belong here"


def _group(element: Element, group: Group) -> Iterator[str]:
    if list(element.attrib) != ["SeqNum"] or not _NUMBER.fullmatch(element.get("SeqNum", "")):
        yield f"{_at(element)}: has no SeqNum, or more than that"
    if group.kinds is None:
        yield from _parts(element, group.parts)
        return
    code = Value("ActivityPartyTypeCode", lambda text: None)
    kind = group.kinds.get(rules.text_of(element, code.name))
    if kind is None:
        yield f"{_at(element)}: is none of the parties that our batches have"
        return
    yield from _parts(element, (code, *kind))


def _value(element: Element, value: Value) -> Iterator[str]:
    if len(element) or element.attrib:
        yield f"{_at(element)}: has more than a value"
    elif wrong := value.rule(element.text or ""):
        yield f"{_at(element)}: {wrong}"


def _at(element: Element) -> str:
    name = etree.QName(element).localname if isinstance(element.tag, str) else "comment"
    return f"line {element.sourceline}, {name}"


def _named(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
