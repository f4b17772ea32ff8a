"""A comparison as one page of HTML, which needs nothing else: tables, examples, and both distributions drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lakay_streams.replay.comparing import BINS, Comparison, Example, OfTopic
from lakay_streams.replay.request import shown

_WIDTH, _HEIGHT, _FOOT = 520, 140, 18

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; border-bottom: 1px solid #d8dde3; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.before { fill: #8a94a0; } .after { fill: #0b6bcb; }
svg text { font-size: 11px; fill: #4a525c; }
@media (prefers-color-scheme: dark) { body { background: #14171a; color: #e6e8ea; } svg text { fill: #b3bac2; } }
"""


def rendered(found: Comparison, before: str) -> str:
    """Return the page; `before` says what the other run was, as in "sent"."""
    title = f"Alerts of {shown(found.since)} to {shown(found.until)}"
    verdict = "Every alert is the same." if found.is_same else f"What was {escape(before)}, and what is found now."
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
        f"<p>{verdict}</p>",
        *(part for topic, of in found.topics.items() for part in _topic(topic, of, before, found.days)),
    ]
    return "\n".join(parts)


def _topic(topic: str, of: OfTopic, before: str, days: float) -> Iterable[str]:
    counts = of.counts
    yield f"<h2>{escape(topic)}</h2>"
    yield _table(
        ("", before, "now"),
        [
            ("alerts", counts.before, counts.after),
            ("alerts a day", *(f"{each / days:.1f}" for each in (counts.before, counts.after))),
        ],
    )
    yield _table(
        ("same", "appear", "vanish", "change", "another tier", "users who appear", "users who vanish"),
        [
            (
                *(counts.same, counts.appeared, counts.vanished, counts.changed, counts.retiered),
                *(of.users_appeared, of.users_vanished),
            )
        ],
    )
    if any(map(sum, of.scores)):
        yield _chart(of.scores, before)
    if of.by_rule:
        yield _table(("rule", "appear", "vanish"), [(rule, *both) for rule, both in of.by_rule.items()])
    if of.money:
        yield _table(("money", "appears", "vanishes"), [(currency, *both) for currency, both in of.money.items()])
    for what, examples in (("appear", of.appeared), ("vanish", of.vanished), ("another tier", of.retiered)):
        if examples:
            yield f"<h3>Examples: {what}</h3>{_examples(examples)}"


def _examples(examples: Sequence[Example]) -> str:
    return _table(
        ("alert", "about", "user", "rules", "before", "now"),
        [
            (each.id, each.about or "", each.user_id or "", ", ".join(each.rules), each.before or "", each.after or "")
            for each in examples
        ],
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def cell(kind: str, value: object) -> str:
        return f"<{kind}{' class=n' if isinstance(value, int | float) else ''}>{escape(str(value))}</{kind}>"

    head = "".join(cell("th", each) for each in heads)
    body = "".join(f"<tr>{''.join(cell('td', value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _chart(scores: tuple[Sequence[int], Sequence[int]], before: str) -> str:
    most = max(map(max, scores)) or 1
    step = _WIDTH / BINS
    bars = []
    for place, (run, name) in enumerate(zip(scores, ("before", "after"), strict=True)):
        for number, count in enumerate(run):
            height = count / most * _HEIGHT
            left = number * step + place * step * 0.45
            bars.append(
                f'<rect class="{name}" x="{left:.1f}" y="{_HEIGHT - height:.1f}" width="{step * 0.42:.1f}" '
                f'height="{height:.1f}"><title>{number / BINS:.2f} to {(number + 1) / BINS:.2f}: {count}</title></rect>'
            )
    axis = "".join(
        f'<text x="{part * _WIDTH:.0f}" y="{_HEIGHT + 14}" text-anchor="{anchor}">{part}</text>'
        for part, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    )
    legend = f"Scores: {escape(before)} in grey, now in blue; the highest bar is {most}."
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" width="{_WIDTH}" role="img" '
        f'aria-label="{legend}">{"".join(bars)}{axis}</svg><figcaption>{legend}</figcaption></figure>'
    )
