"""A sheet as one HTML page that needs nothing else, on a screen and on paper."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lakay_streams.reports.layout import Facts, Notice, Sheet, Table, Text
from lakay_streams.reports.visible import visible


def html_of(sheet: Sheet) -> bytes:
    """Return the page, UTF-8; every value is escaped, and what cannot be seen in it is shown as its code point."""
    kinds = {Facts: "facts", Table: "table", Text: "text", Notice: "notice"}
    return _template().render(sheet=sheet, kind_of=lambda block: kinds[type(block)]).encode()


@lru_cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lakay_streams.reports"),
        autoescape=True,
        # What a macro made is markup already, and no str by type.
        finalize=lambda value: visible(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
