"""One answer, two forms: JSON for programs, the same as a plain HTML page for a browser.

Everything shown may have come from outside (a key, a device, a topic's name), so every text is escaped and a page may
load and run nothing: no script, no image, no font, one style sheet known by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

import orjson
from aiohttp.web import Request, Response
from faust import App
from faust.web import View

Handler = Callable[..., Awaitable[Response]]
"""Answers a request; the names in its path's braces are its keyword arguments."""

STYLE = """
:root{color-scheme:light dark;--ink:light-dark(#1c2430,#e6e9ee);--dim:light-dark(#667085,#98a2b3);\
--line:light-dark(#e4e7ec,#2b3442);--paper:light-dark(#fcfcfd,#12161d);--accent:light-dark(#0b62c4,#7ab7ff)}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;max-width:70rem;\
padding:1.5rem}
nav{display:flex;gap:1.2rem;padding-bottom:.8rem;border-bottom:1px solid var(--line)}
nav b{margin-right:auto}
h1{font-size:1.4rem;margin:1.2rem 0 .6rem}
h2{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;color:var(--dim);margin:1.8rem 0 .3rem}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
h3{font-size:.9rem;margin:1.2rem 0 .2rem}
h4{font-size:.85rem;font-weight:500;color:var(--dim);margin:.7rem 0 .1rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td table td{border:0;padding:0 .8rem 0 0}
th,td{text-align:left;vertical-align:top;padding:.28rem 1.4rem .28rem 0;border-bottom:1px solid var(--line)}
th{font-weight:500;color:var(--dim);white-space:nowrap}
.number{text-align:right}
footer{color:var(--dim);margin-top:2rem;font-size:.85rem}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

SAFETY = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
"""Headers of every answer."""

LEVELS = 4
"""Headings below the title go down to this level; what lies deeper is shown inside its table."""

NOTHING = "-"
"""How a page shows that there is no value."""

PLACES = (
    ("/stats", "Stats"),
    ("/tables", "Tables"),
    ("/ready", "Ready"),
    ("/health", "Health"),
    ("/metrics", "Metrics"),
)


def page(app: App, path: str) -> Callable[[Handler], Handler]:
    """Put the decorated handler on `app`'s web server under `path`."""

    def put(handler: Handler) -> Handler:
        async def get(_view: View, request: Any, **names: str) -> Any:
            return await handler(request, **names)

        get.__name__ = handler.__name__
        app.page(path)(get)
        return handler

    return put


def answer(
    request: Request,
    body: Mapping[str, Any],
    *,
    title: str,
    status: int = 200,
    refresh_s: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return `body` in the form the client prefers; a page reloads itself every `refresh_s` seconds."""
    if prefers_html(request):
        return Response(
            text=document(title, body, refresh_s), content_type="text/html", status=status, headers=dict(headers or {})
        )
    return Response(
        body=orjson.dumps(body), content_type="application/json", charset="utf-8", status=status, headers=headers
    )


def refuse(request: Request, status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error whose `reason` says what to do."""
    return answer(request, {"error": reason}, title=f"{status}", status=status, headers=headers)


def prefers_html(request: Request) -> bool:
    """Whether the client is a browser: it names text/html, and not JSON before it."""
    accepted = request.headers.get("Accept", "")
    html = accepted.find("text/html")
    json = accepted.find("application/json")
    return html >= 0 and (json < 0 or html < json)


def document(title: str, body: Mapping[str, Any], refresh_s: int | None = None) -> str:
    """Return a whole page that shows `body`: plain values first, everything nested under its own heading."""
    places = "".join(f'<a href="{path}">{label}</a>' for path, label in PLACES)
    reload = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    note = f"<footer>Reloads every {refresh_s} s.</footer>" if refresh_s else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{reload}'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · Lakay worker</title><style>{STYLE}</style></head>"
        f'<body><nav><b><a href="/">Lakay worker</a></b>{places}</nav><h1>{escape(title)}</h1>'
        f"{_sections(body, 2)}{note}</body></html>"
    )


def _sections(body: Mapping[str, Any], level: int) -> str:
    plain = {name: value for name, value in body.items() if not _nested(value)}
    return (_fields(plain) if plain else "") + "".join(
        f"<section><h{level}>{_label(name)}</h{level}>{_section(value, level)}</section>"
        for name, value in body.items()
        if _nested(value)
    )


def _section(value: Any, level: int) -> str:
    if isinstance(value, Mapping) and value and level < LEVELS:
        return _sections(value, level + 1)
    return f"<div class=wide>{_shown(value)}</div>"


def _nested(value: object) -> bool:
    if isinstance(value, list):
        return any(isinstance(each, Mapping) for each in value)
    return isinstance(value, Mapping) and not _is_amount(value)


def _is_amount(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"amount", "currency"}


def _label(name: object) -> str:
    return escape(str(name).replace("_", " "))


def _shown(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case Mapping() if _is_amount(value):
            return f"{Decimal(value['amount']):,} {escape(value['currency'])}"
        case Mapping():
            return _fields(value)
        case list() if value and all(isinstance(row, Mapping) for row in value):
            return _rows(value)
        case list():
            return ", ".join(map(_shown, value)) or NOTHING
    return escape(str(value))


def _fields(value: Mapping[Any, Any]) -> str:
    rows = (f"<tr><th>{_label(name)}</th>{_cell(each)}</tr>" for name, each in value.items())
    return f"<table>{''.join(rows)}</table>" if value else NOTHING


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row if name != "href"))
    number = {name for name in columns if any(_is_number(row.get(name)) for row in rows)}
    head = "".join(f"<th{' class=number' if name in number else ''}>{_label(name)}</th>" for name in columns)
    lines = []
    for row in rows:
        cells = [_cell(row.get(name), name in number) for name in columns]
        if "href" in row and cells:
            link = f'<a href="{escape(str(row["href"]), quote=True)}">{_shown(row.get(columns[0]))}</a>'
            cells[0] = f"<td>{link}</td>"
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cell(value: object, number: bool = False) -> str:
    return f"<td{' class=number' if number else ''}>{_shown(value)}</td>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
