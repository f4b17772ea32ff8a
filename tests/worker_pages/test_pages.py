"""One answer, two forms, and nothing of it is ever run."""

from __future__ import annotations

import re

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.worker_pages.pages import answer, document, prefers_html

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json", False),
        ("application/json, text/html", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_html_is_for_browsers(accept: str, html: bool) -> None:
    assert prefers_html(make_mocked_request("GET", "/", headers={"Accept": accept})) is html


@given(st.dictionaries(TEXT, JSON), TEXT)
def test_no_value_becomes_markup(body: dict[str, object], title: str) -> None:
    page = document(title, body)
    known = {"!doctype", "html", "head", "meta", "title", "style", "body", "nav", "b", "a", "h1", "h2", "h3", "h4"}
    known |= {"section", "div", "table", "thead", "tbody", "tr", "th", "td", "footer"}
    without_style = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert {tag.lower() for tag in re.findall(r"<\s*/?\s*([^\s/>]+)", without_style)} <= known


def test_rows_become_a_table_with_a_link_per_row() -> None:
    page = document("t", {"rows": [{"key": "a&b", "size": 12345, "href": '/x"y'}]})
    assert '<a href="/x&quot;y">a&amp;b</a>' in page
    assert "<td class=number>12,345</td>" in page
    assert "href</th>" not in page


def test_an_amount_is_shown_with_its_currency() -> None:
    assert "1,240.50 USD" in document("t", {"usual": {"amount": "1240.50", "currency": "USD"}})


def test_zero_is_a_value_and_nothing_is_not() -> None:
    page = document("t", {"lag": 0, "owner": None})
    assert "<td>0</td>" in page
    assert "<td>-</td>" in page


def test_json_keeps_what_a_page_rounds() -> None:
    request = make_mocked_request("GET", "/", headers={})
    assert answer(request, {"seconds": 0.123456}, title="t").body == b'{"seconds":0.123456}'
