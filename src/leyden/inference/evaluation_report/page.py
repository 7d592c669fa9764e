"""The page of an evaluation as one HTML file, with its pictures in it."""

import html
from base64 import b64encode
from collections.abc import Iterable
from itertools import groupby

from leyden.formatting import printable
from leyden.inference.evaluation_report.document import (
    Card,
    Document,
    Paragraph,
    Part,
    Picture,
    Table,
)

GENERATOR = "<meta name='generator' content='leyden eval --report'>"
"""By which a page is known as one that may be replaced."""

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1d2126; --soft: #5b636c; --line: #d4d8dd;
  --mark: #fff4e6; --edge: #c66000; --one: #2f86c9; --two: #2a9d6f; --three: #d9622b; }
@media (prefers-color-scheme: dark) { :root { --back: #16191d; --text: #e3e6ea; --soft: #a3abb5;
  --line: #3d444c; --mark: #33270f; --edge: #e08a2c; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 64rem; margin: 1.2rem auto 3rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
p, figcaption, dd { overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 48rem; }
p.warning { background: var(--mark); border-left: 4px solid var(--edge); padding: .3rem .8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .87rem; }
th, td { padding: .22rem .6rem .22rem 0; text-align: right; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th { color: var(--soft); font-weight: normal; white-space: normal; vertical-align: bottom; }
.text { text-align: left; max-width: 22rem; white-space: normal; overflow-wrap: break-word; }
tr.marked td { background: var(--mark); }
tr.marked td:first-child { box-shadow: inset 3px 0 var(--edge); padding-left: .5rem; }
summary { cursor: pointer; color: var(--soft); margin: .4rem 0; }
.pictures { display: flex; flex-wrap: wrap; gap: 1.2rem; }
.pictures figure { margin: 0; flex: 0 1 29rem; min-width: 0; }
.pictures .large { flex-basis: 44rem; }
figure img { width: 100%; }
figcaption { color: var(--soft); font-size: .87rem; }
figcaption b { color: var(--text); display: block; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; }
.card { font-size: .8rem; line-height: 1.35; color: var(--soft); overflow-wrap: anywhere; }
.card b { color: var(--text); display: block; }
.card img { width: 100%; max-width: 12rem; display: block; margin-bottom: .3rem; }
.card img.small { image-rendering: pixelated; }
.card svg { width: 100%; height: 5rem; display: block; }
.card pre { white-space: pre-wrap; margin: 0 0 .3rem; color: var(--text); }
polyline { fill: none; stroke: var(--one); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.true { stroke: var(--two); } .predicted { stroke: var(--three); stroke-dasharray: 4 2; }
"""


def page_of(document: Document) -> str:
    """The page, which loads nothing else."""
    title = _text(document.title)
    lines = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none';"
        " img-src data:; style-src 'unsafe-inline'\">",
        f"{GENERATOR}<title>{title}</title><style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1><dl>",
        *(f"<dt>{_text(word)}</dt><dd>{_text(fact)}</dd>" for word, fact in document.facts.items()),
        "</dl>",
    ]
    for section in document.sections:
        lines.append(f"<section><h2>{_text(section.title)}</h2>")
        for kind, parts in groupby(section.parts, type):
            lines += _alike(kind, parts)
        lines.append("</section>")
    return "\n".join([*lines, "</body></html>\n"])


def _alike(kind: type, parts: Iterable[Part]) -> list[str]:
    """Parts of one kind that follow each other."""
    written = [_part(part) for part in parts]
    around = {Picture: "pictures", Card: "cards"}
    return [f"<div class='{around[kind]}'>", *written, "</div>"] if kind in around else written


def _part(part: Part) -> str:
    if isinstance(part, Paragraph):
        return f"<p{' class=warning' if part.is_warning else ''}>{_text(part.text)}</p>"
    if isinstance(part, Table):
        return _table(part)
    return _picture(part) if isinstance(part, Picture) else _card(part)


def _table(table: Table) -> str:
    rows = [
        f"<tr{' class=marked' if place in table.marked else ''}>{_cells(table, row, 'td')}</tr>"
        for place, row in enumerate(table.rows)
    ]
    shown = _wide(table, rows[: table.first])
    if len(rows) <= table.first:
        return shown
    words = f"{len(rows) - table.first:,} more"
    rest = _wide(table, rows[table.first :])
    return f"{shown}<details><summary>{words}</summary>{rest}</details>"


def _wide(table: Table, rows: list[str]) -> str:
    """A table that is moved sideways where the page is narrow."""
    head = f"<thead><tr>{_cells(table, table.columns, 'th')}</tr></thead>"
    return f"<div class='wide'><table>{head}<tbody>{''.join(rows)}</tbody></table></div>"


def _cells(table: Table, cells: list[str], tag: str) -> str:
    written = [
        f"<{tag}{' class=text' if place in table.texts else ''}>{_text(cell)}</{tag}>"
        for place, cell in enumerate(cells)
    ]
    return "".join(written)


def _picture(picture: Picture) -> str:
    title = _text(picture.title)
    large = " class=large" if picture.is_large else ""
    return (
        f"<figure{large}><picture><source media='screen and (prefers-color-scheme: dark)'"
        f" srcset='{_url(picture.dark)}'><img alt='{title}' src='{_url(picture.light)}'></picture>"
        f"<figcaption><b>{title}</b>{_text(picture.caption)}</figcaption></figure>"
    )


def _card(card: Card) -> str:
    shown = ""
    if card.image is not None:
        small = " class='small'" if card.is_small else ""
        shown = f"<img{small} alt='{_text(card.name)}' src='{_url(card.image)}'>"
    elif card.curves:
        shown = _curves(card.curves)
    elif card.text:
        shown = f"<pre>{_text(card.text)}</pre>"
    first, *others = [_text(line) for line in card.lines]
    lines = "<br>".join([*others, _text(card.name)])
    return f"<div class='card'>{shown}<b>{first}</b>{lines}</div>"


def _curves(curves: list[tuple[str, list[float]]]) -> str:
    """Curves on one scale; what follows the first one begins where that ends."""
    values = [value for _, own in curves for value in own]
    low, high = min(values), max(values)
    past = len(curves[0][1]) if curves[0][0] == "past" else 0
    wide = max(len(own) + (past if word != "past" else 0) for word, own in curves) - 1
    lines = []
    for word, own in curves:
        follows = past and word != "past"
        points = [curves[0][1][-1], *own] if follows else own
        start = past - 1 if follows else 0
        at = " ".join(
            f"{100 * (start + step) / max(wide, 1):.2f},{38 - 36 * _share(value, low, high):.2f}"
            for step, value in enumerate(points)
        )
        lines.append(f"<polyline class='{word}' points='{at}'/>")
    return f"<svg viewBox='0 0 100 40' preserveAspectRatio='none'>{''.join(lines)}</svg>"


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _text(text: str) -> str:
    return html.escape(printable(text))


def _url(content: bytes) -> str:
    return f"data:image/png;base64,{b64encode(content).decode()}"
